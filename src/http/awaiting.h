// How http/ awaits: the error comes as a value. Private to http/.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace proa::http {

inline auto awaiting() { return boost::asio::as_tuple(boost::asio::use_awaitable); }

}  // namespace proa::http
