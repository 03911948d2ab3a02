// SPDX-License-Identifier: Apache-2.0
// The packet side alone as a process, for tests that end one:
//
//   io_unit RUNTIME_DIRECTORY auto|yes|no adaptive|poll TWIN=DEVICE...
//
// Forwards what lb::Rig describes; prints "forwarding"; ends at SIGTERM.
#include <signal.h>

#include <cstdio>
#include <string>
#include <vector>

#include "tests/io/lab.h"

namespace yoke::io {
namespace {

int give_up(const Error& error) {
  std::fprintf(stderr, "%s: %s\n", error.id.c_str(), error.text.c_str());
  return 1;
}

int run_unit(const std::vector<std::string>& words) {
  EalConfig environment;
  environment.runtime_directory = words.at(1);
  environment.memory_mib = 96;
  environment.huge_pages = words.at(2) == "yes"  ? HugePages::kYes
                           : words.at(2) == "no" ? HugePages::kNo
                                                 : HugePages::kAuto;
  EngineConfig config;
  config.idle = words.at(3) == "poll" ? IdleMode::kPoll : IdleMode::kAdaptive;
  for (std::size_t i = 4; i < words.size(); ++i) {
    const auto equals = words[i].find('=');
    auto device = Device::parse(words[i].substr(equals + 1));
    if (!device) return give_up(device.error());
    config.ports.push_back({words[i].substr(0, equals), *device, 1500});
  }
  sigset_t end;
  sigemptyset(&end);
  sigaddset(&end, SIGTERM);
  sigprocmask(SIG_BLOCK, &end, nullptr);  // before threads are made: it is theirs as well then

  auto eal = Eal::start(environment);
  if (!eal) return give_up(eal.error());
  auto engine = PacketEngine::start(config, **eal);
  if (!engine) return give_up(engine.error());
  (*engine)->publish(rig_snapshot());
  std::puts((*eal)->has_huge_pages() ? "forwarding on huge pages" : "forwarding");
  std::fflush(stdout);
  int signal = 0;
  sigwait(&end, &signal);
  return 0;
}

}  // namespace
}  // namespace yoke::io

int main(int argc, char** argv) {
  if (argc < 5) {
    std::fputs("usage: io_unit RUNTIME_DIRECTORY auto|yes|no adaptive|poll TWIN=DEVICE...\n",
               stderr);
    return 2;
  }
  return yoke::io::run_unit({argv, argv + argc});
}
