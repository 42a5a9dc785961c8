#include "http/server_state.h"

namespace proa::http {

Server::Server(boost::asio::any_io_executor executor, os::UniqueFd listener,
               RequestCallback callback, ServerOptions options)
    : state_(std::make_shared<ServerState>(std::move(executor), std::move(listener),
                                           std::move(callback), std::move(options))) {}

Server::~Server() { state_->abort_all(); }

void Server::set_peers(const std::vector<Server*>& peers) {
  for (const Server* peer : peers) state_->peers.push_back(peer->state_);
}

void Server::use_tls(std::shared_ptr<const tls::ServerContext> context) {
  state_->tls = std::move(context);
}

Result<void> Server::start() { return state_->start(); }

void Server::serve(os::UniqueFd connection) { state_->serve(std::move(connection)); }

Task<void> Server::close(SteadyTime deadline) { return state_->close(deadline); }

std::size_t Server::connection_count() const { return state_->connection_count(); }

const ServerCounters& Server::counters() const { return state_->counters; }

}  // namespace proa::http
