#include "network/resolv_conf.h"

#include <algorithm>

namespace proa::network {
namespace {

constexpr std::size_t kServersMax = 3;
constexpr std::string_view kBlank = " \t\r";

// The next word of `line`, which it is removed from; empty at the end.
std::string_view next_word(std::string_view& line) {
  line.remove_prefix(std::min(line.find_first_not_of(kBlank), line.size()));
  const std::string_view word = line.substr(0, line.find_first_of(kBlank));
  line.remove_prefix(word.size());
  return word;
}

template <class Visit>
void for_each_line(std::string_view text, const Visit& visit) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.starts_with('#') || line.starts_with(';')) continue;
    const std::string_view key = next_word(line);
    if (!key.empty()) visit(key, line);
  }
}

bool is_domain(std::string_view word) {
  return !word.empty() && word.size() <= 255 && std::ranges::all_of(word, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_';
  });
}

}  // namespace

std::vector<boost::asio::ip::address> upstreams_of(std::string_view text) {
  std::vector<boost::asio::ip::address> servers;
  for_each_line(text, [&](std::string_view key, std::string_view line) {
    if (key != "nameserver" || servers.size() == kServersMax) return;
    boost::system::error_code error;
    const auto address = boost::asio::ip::make_address(std::string(next_word(line)), error);
    if (!error) servers.push_back(address);
  });
  if (servers.empty()) servers.emplace_back(boost::asio::ip::address_v4::loopback());
  return servers;
}

std::string environment_resolv_conf(std::string_view host_text) {
  std::string search;
  // The last `search` or `domain` line counts, as in resolv.conf(5).
  for_each_line(host_text, [&](std::string_view key, std::string_view line) {
    if (key != "search" && key != "domain") return;
    search.clear();
    for (auto word = next_word(line); !word.empty(); word = next_word(line)) {
      if (is_domain(word) && word != ".") search += " " + std::string(word);
      if (key == "domain") break;
    }
  });
  std::string text = "nameserver 169.254.100.1\n";
  if (!search.empty()) text += "search" + search + "\n";
  return text + "options edns0\n";
}

}  // namespace proa::network
