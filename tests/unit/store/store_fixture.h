// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "mgmt/model/config.h"
#include "mgmt/store/config_store.h"
#include "tests/support/temp_folder.h"

namespace yoke::store {

// In memory where there is such a place, because these tests sync thousands of times.
class TempFolder {
 public:
  TempFolder() : folder_(place()) {}
  [[nodiscard]] std::string file(const std::string& name = "config.db") const {
    return folder_.file(name);
  }
  [[nodiscard]] std::filesystem::path path() const { return folder_.path(); }

 private:
  static std::filesystem::path place() {
    const std::filesystem::path memory = "/dev/shm";
    return ::access(memory.c_str(), W_OK) == 0 ? memory : std::filesystem::temp_directory_path();
  }
  yoke::TempFolder folder_;
};

inline std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline void write_file(const std::string& path, const std::string& bytes) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

inline CommitInfo info(const std::string& note = "a note") {
  return {.at = std::chrono::system_clock::time_point(std::chrono::milliseconds(1'700'000'000'123)),
          .user = "ann",
          .origin = "pid 4711",
          .how = "cli",
          .note = note,
          .changes = "+1 vip"};
}

inline void must_set(model::Config& config, const std::vector<std::string>& path,
                     const model::Fields& fields) {
  const auto set = config.set(model::Path{path}, fields);
  ASSERT_TRUE(set) << set.error().text;
}

// Every kind of record; between the two every kind of change: records of each kind added, removed
// and altered, fields set and unset.
inline model::Config first_config() {
  model::Config config;
  must_set(config, {"pool", "web"}, {{"method", "dsr"}});
  must_set(config, {"pool", "web", "server", "192.0.2.11:80"}, {{"weight", "7"}});
  must_set(config, {"pool", "web", "server", "192.0.2.12:80"}, {{"enabled", "no"}});
  must_set(config, {"pool", "web", "check", "tcp"}, {{"interval", "5s"}});
  must_set(config, {"pool", "old"}, {});
  must_set(config, {"pool", "old", "server", "192.0.2.90:80"}, {});
  must_set(config, {"vip", "web"}, {{"address", "203.0.113.10:80/tcp"}, {"pool", "web"}});
  return config;
}

inline model::Config second_config() {
  model::Config config = first_config();
  (void)config.remove(model::Path{{"pool", "old"}});
  (void)config.remove(model::Path{{"pool", "web", "server", "192.0.2.11:80"}}, {"weight"});
  (void)config.remove(model::Path{{"pool", "web", "check", "tcp"}});
  must_set(config, {"pool", "web", "server", "192.0.2.12:80"}, {{"enabled", "yes"}});
  must_set(config, {"pool", "web", "server", "192.0.2.13:80"}, {{"weight", "256"}});
  must_set(config, {"pool", "web", "check", "http"},
           {{"host", "it's \"quoted\"; DROP TABLE pool"}, {"expect", "200,204-299"}});
  must_set(config, {"pool", "dns"}, {});
  must_set(config, {"pool", "dns", "server", "[2001:db8::1]:53"}, {{"weight", "0"}});
  must_set(config, {"vip", "dns"},
           {{"address", "[2001:db8::10]:53/udp"}, {"pool", "dns"}, {"idle-timeout", "5m"}});
  must_set(config, {"vip", "web"}, {{"snat", "203.0.113.1,203.0.113.2"}});
  return config;
}

// With something of the unit's own: its name.
inline model::Config named(model::Config config, const std::string& name) {
  must_set(config, {"system", ""}, {{"name", name}});
  return config;
}

inline Result<std::uint64_t> commit(ConfigStore& store, const model::Config& config,
                                    const CommitInfo& commit_info = info()) {
  auto pending = store.begin(config, commit_info);
  if (!pending) return tl::unexpected<Error>(pending.error());
  const std::uint64_t revision = pending->revision();
  if (auto finished = pending->finish(); !finished) return tl::unexpected<Error>(finished.error());
  return revision;
}

inline std::unique_ptr<ConfigStore> must_open(const std::string& path) {
  auto store = ConfigStore::open(path);
  EXPECT_TRUE(store) << store.error().text;
  return store ? std::move(*store) : nullptr;
}

// A store at revision 1 holding first_config().
inline void make_store(const std::string& path) {
  const auto store = must_open(path);
  ASSERT_TRUE(store);
  const auto revision = commit(*store, first_config());
  ASSERT_TRUE(revision) << revision.error().text;
  ASSERT_EQ(*revision, 1U);
}

}  // namespace yoke::store
