// Schedules' expressions, which clients send: any bytes. What is accepted comes at growing times
// that are in its form, however seldom it does, and reads back the same.
#include "base/check.h"
#include "calendar/calendar.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace {

using namespace proa;

void check_fits(const calendar::Cron& cron, const calendar::CivilTime& time) {
  check(cron.has_year(time.year), "a year that was not asked for");
  check((cron.months >> time.month & 1U) != 0, "a month that was not asked for");
  check((cron.days_of(time.year, time.month) >> time.day & 1U) != 0, "a day likewise");
  check((cron.hours >> time.hour & 1U) != 0, "an hour likewise");
  check((cron.minutes >> time.minute & 1U) != 0, "a minute likewise");
  check(time.second == 0, "a time within a minute");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const calendar::Zone zone = calendar::Zone::find("America/New_York").value();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto expression = calendar::Expression::parse(text);
  if (!expression) {
    check(!expression.error().message().empty(), "a refusal without a reason");
    return 0;
  }
  check(calendar::Expression::parse(expression.value().text()).has_value(), "not read back");
  const WallTime begin(std::chrono::seconds(1'762'050'000));  // the day before clocks are set back
  WallTime last = begin;
  for (int times = 0; times < 6; ++times) {
    const auto next = expression.value().next(last, zone, begin);
    if (!next) break;
    check(*next > last, "time goes back");
    const auto* const cron = std::get_if<calendar::Cron>(&expression.value().form());
    if (cron != nullptr) check_fits(*cron, zone.civil(*next));
    last = *next;
  }
  return 0;
}
