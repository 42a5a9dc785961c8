#include "base/turns.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <exception>
#include <vector>

namespace proa {
namespace {

class TurnsTest : public testing::Test {
 protected:
  /// Asks for a turn, which goes to held_[number].
  void ask(std::size_t number, boost::asio::cancellation_slot slot = {}) {
    if (held_.size() <= number) held_.resize(number + 1);
    boost::asio::co_spawn(
        io_, keep(number),
        boost::asio::bind_cancellation_slot(slot, [](const std::exception_ptr&) {}));
    run();
  }
  boost::asio::awaitable<void> keep(std::size_t number) {
    auto turn = co_await turns_.take();
    if (turn) held_[number] = std::move(turn.value());
  }
  void run() {
    io_.restart();
    io_.poll();
  }
  void end(std::size_t number) {
    held_[number].reset();
    run();
  }
  bool has(std::size_t number) const { return held_[number] != nullptr; }

  boost::asio::io_context io_{1};
  Turns turns_{io_.get_executor(), 2};
  std::vector<Turns::Turn> held_;
};

TEST_F(TurnsTest, SoManyAtATimeAndTheOthersInTheirOrder) {
  for (std::size_t i = 0; i < 4; ++i) ask(i);
  EXPECT_TRUE(has(0) && has(1));
  EXPECT_FALSE(has(2) || has(3));
  end(1);
  EXPECT_TRUE(has(2));
  EXPECT_FALSE(has(3));
  end(0);
  EXPECT_TRUE(has(3));
  end(2);
  end(3);
  ask(4);
  EXPECT_TRUE(has(4));
}

TEST_F(TurnsTest, WhoGivesUpIsPassedOver) {
  ask(0);
  ask(1);
  boost::asio::cancellation_signal given_up;
  ask(2, given_up.slot());
  ask(3);
  given_up.emit(boost::asio::cancellation_type::all);
  run();
  end(0);
  EXPECT_FALSE(has(2));
  EXPECT_TRUE(has(3));
}

TEST_F(TurnsTest, ATurnThatNobodyTakesAnyMoreGoesToTheNext) {
  ask(0);
  ask(1);
  boost::asio::cancellation_signal given_up;
  ask(2, given_up.slot());
  ask(3);
  held_[0].reset();  // the third has it, and has not run yet
  given_up.emit(boost::asio::cancellation_type::all);
  run();
  end(2);
  EXPECT_TRUE(has(3));
}

}  // namespace
}  // namespace proa
