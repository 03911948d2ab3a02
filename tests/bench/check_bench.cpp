// SPDX-License-Identifier: Apache-2.0
// Checks of 16,000 servers every 5 s from one thread, as yoke-mgmt makes them: how late each probe
// began against its schedule, and how many connections they left in TIME_WAIT. tls and https verify
// certificates by a file that has the system's as well, if there are any. The servers are addresses
// of loopback behind one listener on a thread of its own. On a shared machine lateness is the
// machine's as well, so what an idle timer of the same loop is late by is printed beside it.
//
//     check_bench [tcp|http|tls|https] [servers] [seconds]
#include <fmt/format.h>
#include <openssl/err.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "hal/base/file_descriptor.h"
#include "hal/linux/event.h"
#include "mgmt/health/scheduler.h"
#include "mgmt/health/socket_address.h"
#include "mgmt/health/socket_prober.h"
#include "tests/unit/health/authority.h"

namespace yoke::health {
namespace {

using std::chrono::milliseconds;

constexpr std::uint16_t kPort = 18080;
constexpr milliseconds kInterval(5000);

constexpr const char* kName = "www.example.net";

// Takes every connection; answers what it gets as a web server that is well, and closes. By TLS
// where it has an identity.
class Listener {
 public:
  explicit Listener(const Identity* identity)
      : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    const int on = 1;
    (void)::setsockopt(socket_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    const SocketAddress any({net::IpAddress::v4(0, 0, 0, 0), kPort});
    if (::bind(socket_.get(), any.get(), any.size()) != 0 || ::listen(socket_.get(), 4096) != 0) {
      fmt::print("port {} is taken\n", kPort);
      std::exit(1);
    }
    if (identity != nullptr) {
      context_.reset(SSL_CTX_new(TLS_server_method()));
      identity->give(context_.get());
    }
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  }

 private:
  struct Connection {
    FileDescriptor socket;
    std::unique_ptr<SSL, Free<SSL_free>> tls;
  };

  void run(const std::stop_token& stop) {
    const FileDescriptor poll(::epoll_create1(EPOLL_CLOEXEC));
    watch(poll.get(), socket_.get());
    std::map<int, Connection> open;
    while (!stop.stop_requested()) {
      epoll_event events[256];
      const int count = ::epoll_wait(poll.get(), events, 256, 100);
      for (int i = 0; i < count; ++i) {
        const int fd = events[i].data.fd;
        if (fd != socket_.get()) {
          if (answer(open.at(fd))) open.erase(fd);
          continue;
        }
        while (const int taken = ::accept4(fd, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)) {
          if (taken < 0) break;
          open.emplace(taken, begin(taken));
          watch(poll.get(), taken);
        }
      }
    }
  }
  static void watch(int poll, int fd) {
    epoll_event event{.events = EPOLLIN, .data = {.fd = fd}};
    (void)::epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event);
  }
  [[nodiscard]] Connection begin(int fd) const {
    Connection connection{.socket = FileDescriptor(fd), .tls = nullptr};
    if (!context_) return connection;
    connection.tls.reset(SSL_new(context_.get()));
    (void)SSL_set_fd(connection.tls.get(), fd);
    SSL_set_accept_state(connection.tls.get());
    return connection;
  }
  // True once it is done with.
  static bool answer(const Connection& connection) {
    constexpr std::string_view kWell = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    char buffer[2048];
    if (SSL* const tls = connection.tls.get()) {
      ERR_clear_error();
      const int count = SSL_read(tls, buffer, sizeof buffer);
      if (count <= 0) return SSL_get_error(tls, count) != SSL_ERROR_WANT_READ;
      (void)SSL_write(tls, kWell.data(), static_cast<int>(kWell.size()));
      return true;
    }
    if (::recv(connection.socket.get(), buffer, sizeof buffer, 0) > 0) {
      (void)::send(connection.socket.get(), kWell.data(), kWell.size(), MSG_NOSIGNAL);
    }
    return true;
  }

  FileDescriptor socket_;
  std::unique_ptr<SSL_CTX, Free<SSL_CTX_free>> context_;
  std::jthread thread_;
};

// Of the whole machine's network namespace.
unsigned in_time_wait() {
  std::ifstream told("/proc/net/sockstat");
  for (std::string word; told >> word;) {
    unsigned count = 0;
    if (word == "tw" && told >> count) return count;
  }
  return 0;
}

// The certificates to trust, in a file: the system's and this one.
std::string write_trusted(const Identity& identity) {
  const auto path = std::filesystem::temp_directory_path() / "check_bench.pem";
  std::ofstream file(path);
  if (const std::ifstream system("/etc/ssl/certs/ca-certificates.crt"); system) {
    file << system.rdbuf();
  }
  file << identity.pem();
  return path.string();
}

// Passes on, and remembers when each server's probes began.
class WatchedProber final : public Prober {
 public:
  explicit WatchedProber(Prober& prober) : prober_(prober) {}
  [[nodiscard]] std::unique_ptr<Probe> start(const net::Endpoint& server, const Check& check,
                                             ProbeDone done) override {
    begun_[server].push_back(MonoClock::now());
    return prober_.start(server, check, std::move(done));
  }
  [[nodiscard]] const auto& begun() const { return begun_; }

 private:
  Prober& prober_;
  std::map<net::Endpoint, std::vector<MonoTime>> begun_;
};

void print(const char* what, std::vector<double> late_ms) {
  std::ranges::sort(late_ms);
  const auto at = [&](double share) {
    return late_ms[static_cast<std::size_t>(share * static_cast<double>(late_ms.size() - 1))];
  };
  fmt::print("{:24} {:8} times, late by p50 {:.2f} ms, p99 {:.2f} ms, most {:.2f} ms\n", what,
             late_ms.size(), at(0.5), at(0.99), at(1));
}

double since_ms(MonoTime from, MonoTime to) {
  return std::chrono::duration<double, std::milli>(to - from).count();
}

double cpu_seconds() {
  rusage used{};
  (void)::getrusage(RUSAGE_THREAD, &used);
  return static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
         static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

std::vector<Target> targets(const std::string& kind, unsigned count) {
  Check check;
  check.key = kind;
  check.interval = kInterval;
  check.timeout = milliseconds(2000);
  check.settings = Settings(
      {{"path", "/"}, {"expect", "200"}, {"verify", "yes"}, {"sni", kName}, {"warn-days", "0"}});
  std::vector<Target> all;
  for (unsigned i = 0; i < count; ++i) {
    const auto high = static_cast<std::uint8_t>(i / 250 + 1);
    const auto low = static_cast<std::uint8_t>(i % 250 + 1);
    all.push_back({"bench", {net::IpAddress::v4(127, 1, high, low), kPort}, {check}});
  }
  return all;
}

void run(const std::string& kind, unsigned count, unsigned seconds) {
  const Identity identity = issue("bench", nullptr, fmt::format("DNS:{}", kName));
  const bool by_tls = kind == "tls" || kind == "https";
  const Listener listener(by_tls ? &identity : nullptr);
  sd_event* made = nullptr;
  (void)sd_event_new(&made);
  const hal::Event loop(made);
  SocketProber sockets(made, write_trusted(identity));
  WatchedProber prober(sockets);
  Scheduler scheduler(made, prober, [](const Scheduler::Change&) {});
  const auto all = targets(kind, count);

  std::vector<double> idle_late_ms;
  MonoTime idle_due = MonoClock::now();
  constexpr milliseconds kIdle(7);
  hal::Timer idle(made, [&] {
    idle_late_ms.push_back(since_ms(idle_due, MonoClock::now()));
    idle_due = MonoClock::now() + kIdle;
    idle.start(kIdle);
  });
  idle.start(milliseconds(0));
  const unsigned waiting_before = in_time_wait();
  const double cpu_before = cpu_seconds();
  const MonoTime began = MonoClock::now();
  scheduler.reconcile(all);
  const MonoTime end = began + std::chrono::seconds(seconds);
  while (MonoClock::now() < end) (void)sd_event_run(made, 100'000);

  std::vector<double> late_ms;
  for (unsigned i = 0; i < count; ++i) {
    const auto found = prober.begun().find(all[i].server);
    if (found == prober.begun().end()) continue;  // it never had its turn: `last result of`, empty
    const auto& times = found->second;
    const MonoTime first = began + milliseconds(i) % kInterval;
    for (std::size_t turn = 0; turn < times.size(); ++turn) {
      late_ms.push_back(since_ms(first + static_cast<int>(turn) * kInterval, times[turn]));
    }
  }
  std::size_t failed = 0;
  std::map<std::string, unsigned> last;  // results, without their times
  for (const auto& row : scheduler.status()) {
    failed += row.failures;
    ++last[row.last.substr(0, row.last.find_first_of("0123456789<"))];
  }
  fmt::print("{} {} checks every {} s for {} s: {:.0f} a second, {:.0f} % of a core, {} failed\n",
             count, kind, kInterval.count() / 1000, seconds,
             static_cast<double>(late_ms.size()) / seconds,
             (cpu_seconds() - cpu_before) / seconds * 100, failed);
  for (const auto& [text, times] : last) fmt::print("last result of {:5}: {}\n", times, text);
  fmt::print("connections in TIME_WAIT: {} before, {} after\n", waiting_before, in_time_wait());
  print("probes", std::move(late_ms));
  print("an idle timer beside them", std::move(idle_late_ms));
}

}  // namespace
}  // namespace yoke::health

int main(int argc, char** argv) {
  (void)::signal(SIGPIPE, SIG_IGN);
  const rlimit many{65536, 65536};
  (void)::setrlimit(RLIMIT_NOFILE, &many);
  const auto number = [&](int at, unsigned otherwise) {
    return argc > at ? static_cast<unsigned>(std::strtoul(argv[at], nullptr, 10)) : otherwise;
  };
  yoke::health::run(argc > 1 ? argv[1] : "tcp", number(2, 16'000), number(3, 30));
  return 0;
}
