// SPDX-License-Identifier: Apache-2.0
#include "hal/linux/line_server.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include "hal/base/log.h"
#include "hal/linux/line_connection.h"

namespace yoke::hal {
namespace {

constexpr const char* kGroup = "yoke";

std::optional<gid_t> yoke_group() {
  std::array<char, 16384> buffer;
  group entry{};
  group* found = nullptr;
  if (::getgrnam_r(kGroup, &entry, buffer.data(), buffer.size(), &found) != 0) return std::nullopt;
  if (found == nullptr) return std::nullopt;
  return entry.gr_gid;
}

std::string name_of(uid_t uid) {
  std::array<char, 16384> buffer;
  passwd entry{};
  passwd* found = nullptr;
  (void)::getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found);
  return found != nullptr ? std::string(entry.pw_name) : "uid " + std::to_string(uid);
}

// The groups of the process that connected, as they were then.
std::vector<gid_t> groups_of(int fd, gid_t primary) {
  std::vector<gid_t> groups(1024);
  auto size = static_cast<socklen_t>(groups.size() * sizeof(gid_t));
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &size) != 0) size = 0;
  groups.resize(size / sizeof(gid_t));
  groups.push_back(primary);
  return groups;
}

// Who it is, or nothing if it may not come in.
std::optional<Peer> admitted(int fd) {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) return std::nullopt;
  const auto group = yoke_group();
  const auto groups = groups_of(fd, credentials.gid);
  const bool member = group && std::find(groups.begin(), groups.end(), *group) != groups.end();
  if (credentials.uid != 0 && credentials.uid != ::geteuid() && !member) return std::nullopt;
  return Peer{credentials.pid, credentials.uid, name_of(credentials.uid)};
}

FileDescriptor open_reserve() { return FileDescriptor(::open("/dev/null", O_RDONLY | O_CLOEXEC)); }

tl::unexpected<Error> cannot_listen(const std::string& path, const std::string& why) {
  return fail(Errc::kFailed, "E-606", path + ": cannot listen: " + why);
}

// A socket bound to `path` that only its owner may use so far.
Result<FileDescriptor> bound_socket(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return cannot_listen(path, "the path is longer than " +
                                   std::to_string(sizeof address.sun_path - 1) + " characters");
  }
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  FileDescriptor fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return cannot_listen(path, std::strerror(errno));
  (void)::unlink(path.c_str());
  // Nobody may connect between bind() and the permissions being right.
  const mode_t mask = ::umask(0177);
  const int bound = ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  const int error = errno;
  (void)::umask(mask);
  if (bound != 0) return cannot_listen(path, std::strerror(error));
  return fd;
}

}  // namespace

Result<std::unique_ptr<LineServer>> LineServer::listen(sd_event* event, Config config) {
  const std::string path = config.path;
  auto fd = bound_socket(path);
  if (!fd) return tl::unexpected(fd.error());
  if (const auto group = yoke_group(); group && *group != ::getegid()) {
    if (::chown(path.c_str(), static_cast<uid_t>(-1), *group) != 0) {
      log::warning("socket-group", path + ": cannot be given to the group yoke");
    }
  }
  if (::chmod(path.c_str(), 0660) != 0 || ::listen(fd->get(), 64) != 0) {
    return cannot_listen(path, std::strerror(errno));
  }
  std::unique_ptr<LineServer> server(new LineServer(event, std::move(*fd), std::move(config)));
  if (!server->io_.valid()) return cannot_listen(path, "the event loop takes no more sources");
  return server;
}

LineServer::LineServer(sd_event* event, FileDescriptor fd, Config config)
    : event_(event),
      fd_(std::move(fd)),
      reserve_(open_reserve()),
      config_(std::move(config)),
      places_(config_.connections_max, ::geteuid()),
      io_(event, fd_.get(), EPOLLIN, [this](std::uint32_t) { accept_one(); }) {}

LineServer::~LineServer() { (void)::unlink(config_.path.c_str()); }

void LineServer::accept_one() {
  FileDescriptor client(::accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!client) {
    if (errno == EMFILE || errno == ENFILE) shed_one();
    return;
  }
  auto peer = admitted(client.get());
  if (peer && config_.admits && !config_.admits(*peer)) peer.reset();
  const bool taken = peer && take_place(*peer);
  Held held;
  held.has_place = taken;
  if (peer) held.holding = {peer->uid, peer->user, peer->pid, std::chrono::system_clock::now()};
  held.connection = std::make_unique<LineConnection>(
      event_, std::move(client), config_, taken ? config_.open_session(*peer) : nullptr,
      [this](LineConnection* ended) { forget(ended); });
  connections_.push_back(std::move(held));
  if (!taken) connections_.back().connection->refuse(why_refused(peer));
}

void LineServer::forget(const LineConnection* ended) {
  const auto held = std::ranges::find_if(
      connections_, [ended](const Held& one) { return one.connection.get() == ended; });
  if (held->has_place) places_.leave(held->holding.uid);
  connections_.erase(held);
}

bool LineServer::take_place(const Peer& peer) {
  const bool is_admin = config_.is_admin && config_.is_admin(peer);
  if (places_.take(peer.uid, is_admin)) return true;
  return make_room_for(peer) && places_.take(peer.uid, is_admin);
}

bool LineServer::has_rested(const LineConnection& connection) const {
  const auto since = connection.resting_since();
  const auto least = connection.holds_work() ? config_.rest_least_with_work : config_.rest_least;
  return since && *since + least <= MonoClock::now();
}

// Of those that hold nothing the one that has rested longest; only then one that does.
bool LineServer::make_room_for(const Peer& peer) {
  const Held* chosen = nullptr;
  const auto rank = [](const Held& held) {
    return std::pair(held.connection->holds_work(), *held.connection->resting_since());
  };
  for (const Held& held : connections_) {
    if (!held.has_place || !places_.may_replace(peer.uid, held.holding.uid)) continue;
    if (!has_rested(*held.connection)) continue;
    if (chosen == nullptr || rank(held) < rank(*chosen)) chosen = &held;
  }
  if (chosen == nullptr) return false;
  const Places::Holding gone = chosen->holding;
  log::notice("connection-dismissed", config_.path + ": the connection of " + gone.user +
                                          "'s pid " + std::to_string(gone.pid) +
                                          ", which has rested longest, makes room for another");
  chosen->connection->dismiss({Errc::kUnavailable, "E-607",
                               "this connection has rested longest of too many, and has made room "
                               "for another; connect anew",
                               -1});
  return true;
}

Error LineServer::why_refused(const std::optional<Peer>& peer) const {
  if (peer) {
    std::vector<Places::Holding> all;
    for (const Held& held : connections_) {
      if (held.has_place) all.push_back(held.holding);
    }
    return {Errc::kUnavailable, "E-607", places_.why_none(peer->uid, all), -1};
  }
  return {Errc::kDenied, "E-602",
          "not permitted: be root or a member of the group yoke, "
          "or, with the data plane, the management plane",
          -1};
}

// Out of descriptors the queue would stay readable for ever: take its first client and hang up.
void LineServer::shed_one() {
  reserve_.reset();
  { const FileDescriptor client(::accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC)); }
  reserve_ = open_reserve();
  log::warning("too-many-descriptors", "a client was turned away: no file descriptor is left");
}

}  // namespace yoke::hal
