// SPDX-License-Identifier: Apache-2.0
#include <signal.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

#include <filesystem>
#include <string>
#include <system_error>

#include "hal/base/log.h"
#include "hal/linux/event.h"
#include "hal/linux/lock_file.h"
#include "mgmt/pair/daemon/errors.h"
#include "mgmt/pair/daemon/options.h"
#include "mgmt/pair/daemon/service.h"

// yoke-pair: tells the other unit that this one lives, agrees with it on who answers for which
// VIPs, and keeps the lease by which this unit's data plane does.
namespace yoke::pair {
namespace {

constexpr int kFailed = 1;

Status make_folders(const std::filesystem::path& root) {
  std::error_code error;
  for (const char* folder : {"run/yoke", "var/lib/yoke"}) {
    std::filesystem::create_directories(root / folder, error);
    if (error)
      return fail(Errc::kFailed, kNoDisk, (root / folder).native() + ": " + error.message());
  }
  return {};
}

Status serve(const Options& options) {
  if (auto made = make_folders(options.root); !made) return made;
  const auto lock = hal::LockFile::acquire((options.root / "run/yoke/pair.lock").string());
  if (!lock) {
    return fail(Errc::kConflict, kSecondProcess,
                lock.error().holder_text() + " is the pair process of this root");
  }
  sd_event* made = nullptr;
  if (sd_event_new(&made) < 0) return fail(Errc::kFailed, "E-608", "there is no event loop");
  const hal::Event loop(made);
  auto service = Service::start(loop.get(), Service::Paths::below(options.root));
  if (!service) return tl::unexpected(service.error());
  const auto on_signal = [](sd_event_source*, const signalfd_siginfo*, void* self) {
    static_cast<Service*>(self)->shut_down();
    return 0;
  };
  for (const int signal : {SIGTERM, SIGINT}) {
    (void)sd_event_add_signal(loop.get(), nullptr, signal, on_signal, service->get());
  }
  (void)sd_notify(0, "READY=1");
  (void)sd_event_loop(loop.get());
  (void)sd_notify(0, "STOPPING=1");
  return {};
}

int run(int argc, char** argv) {
  int status = 0;
  const auto options = read_options(argc, argv, status);
  if (!options) return status;
  sigset_t ending;
  (void)sigemptyset(&ending);
  for (const int signal : {SIGTERM, SIGINT}) (void)sigaddset(&ending, signal);
  // Blocked before any thread starts, so that the loop alone takes them.
  (void)pthread_sigmask(SIG_BLOCK, &ending, nullptr);
  (void)::signal(SIGPIPE, SIG_IGN);
  const auto done = options->make_keys.empty() ? serve(*options) : make_keys(options->make_keys);
  if (done) return 0;
  log::error("start-refused", done.error().text + " [" + done.error().id + "]");
  return kFailed;
}

}  // namespace
}  // namespace yoke::pair

int main(int argc, char** argv) { return yoke::pair::run(argc, argv); }
