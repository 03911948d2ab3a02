// SPDX-License-Identifier: Apache-2.0
#include "mgmt/backup/sender.h"

#include <curl/curl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <utility>

#include "mgmt/backup/errors.h"

namespace yoke::backup {
namespace {

using namespace std::chrono_literals;

// A transfer is looked after this often; what there is to do is done, nothing is waited for.
constexpr auto kTurn = 10ms;
constexpr long kConnectTimeoutS = 30;
constexpr long kStalledS = 60;  // without a byte

struct FileClose {
  void operator()(std::FILE* file) const noexcept { (void)std::fclose(file); }
};
struct EasyFree {
  void operator()(CURL* easy) const noexcept { curl_easy_cleanup(easy); }
};
struct MultiFree {
  void operator()(CURLM* multi) const noexcept { (void)curl_multi_cleanup(multi); }
};
struct ListFree {
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};

bool is_there(const std::string& file) { return ::access(file.c_str(), R_OK) == 0; }

std::size_t ignore(char* /*bytes*/, std::size_t size, std::size_t count, void* /*nobody*/) {
  return size * count;
}

std::string way_out(CURLcode code) {
  if (code == CURLE_LOGIN_DENIED) {
    return "see that /etc/yoke/backup.key or /etc/yoke/netrc opens that account";
  }
  if (code == CURLE_PEER_FAILED_VERIFICATION) {
    return "see that /etc/yoke/known_hosts or /etc/yoke/backup-ca.pem knows that machine";
  }
  return "see that the machine is there and the folder may be written to";
}

}  // namespace

struct Sender::Transfer {
  std::string what;  // for the error
  std::string url;
  Done done;
  std::array<char, CURL_ERROR_SIZE> reason{};
  std::unique_ptr<std::FILE, FileClose> file;
  std::unique_ptr<curl_slist, ListFree> commands;
  std::unique_ptr<CURLM, MultiFree> multi{curl_multi_init()};
  std::unique_ptr<CURL, EasyFree> easy{curl_easy_init()};

  ~Transfer() { (void)curl_multi_remove_handle(multi.get(), easy.get()); }

  template <typename T>
  void option(CURLoption name, T value) {
    (void)curl_easy_setopt(easy.get(), name, value);
  }

  void set_up(const Credentials& credentials) {
    option(CURLOPT_URL, url.c_str());
    option(CURLOPT_PROTOCOLS_STR, "sftp,https");
    option(CURLOPT_FOLLOWLOCATION, 0L);
    option(CURLOPT_PROXY, "");
    option(CURLOPT_NOSIGNAL, 1L);
    option(CURLOPT_FAILONERROR, 1L);
    option(CURLOPT_ERRORBUFFER, reason.data());
    option(CURLOPT_WRITEFUNCTION, ignore);
    option(CURLOPT_CONNECTTIMEOUT, kConnectTimeoutS);
    option(CURLOPT_LOW_SPEED_LIMIT, 1L);
    option(CURLOPT_LOW_SPEED_TIME, kStalledS);
    option(CURLOPT_SSH_KNOWNHOSTS, credentials.known_hosts.c_str());
    option(CURLOPT_SSH_AUTH_TYPES, long{CURLSSH_AUTH_PUBLICKEY});
    option(CURLOPT_SSH_PRIVATE_KEYFILE, credentials.key.c_str());
    if (is_there(credentials.authorities)) {
      option(CURLOPT_CAINFO, credentials.authorities.c_str());
    }
    if (is_there(credentials.netrc)) {
      option(CURLOPT_NETRC, long{CURL_NETRC_OPTIONAL});
      option(CURLOPT_NETRC_FILE, credentials.netrc.c_str());
    }
    (void)curl_multi_add_handle(multi.get(), easy.get());
  }

  [[nodiscard]] Status result(CURLcode code) const {
    if (code == CURLE_OK) return {};
    const char* const why = reason.front() != '\0' ? reason.data() : curl_easy_strerror(code);
    return fail(Errc::kFailed, kNotSent, fmt::format("{}: {}; {}", what, why, way_out(code)));
  }
};

Sender::Sender(sd_event* event, Credentials credentials)
    : event_(event), credentials_(std::move(credentials)), next_(event, [this] { turn(); }) {
  (void)curl_global_init(CURL_GLOBAL_DEFAULT);
}

Sender::~Sender() {
  transfer_.reset();
  curl_global_cleanup();
}

void Sender::send(const std::string& file, const Place& place, const std::string& name, Done done) {
  auto transfer = std::make_unique<Transfer>();
  transfer->what = fmt::format("{} cannot be sent to {}", name, place.url);
  transfer->done = std::move(done);
  transfer->file.reset(std::fopen(file.c_str(), "rbe"));
  struct stat size {};
  if (transfer->file) (void)::fstat(::fileno(transfer->file.get()), &size);
  const bool renames = place.protocol == Place::Protocol::kSftp;
  transfer->url = place.url + name + (renames ? ".new" : "");
  if (renames) {
    const std::string there = place.path + name;
    transfer->commands.reset(
        curl_slist_append(nullptr, fmt::format("rename \"{}.new\" \"{}\"", there, there).c_str()));
    transfer->option(CURLOPT_POSTQUOTE, transfer->commands.get());
    transfer->option(CURLOPT_FTP_CREATE_MISSING_DIRS, 1L);
  }
  transfer->option(CURLOPT_UPLOAD, 1L);
  transfer->option(CURLOPT_READDATA, transfer->file.get());
  transfer->option(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(size.st_size));
  start(std::move(transfer));
}

void Sender::remove(const Place& place, const std::string& name, Done done) {
  auto transfer = std::make_unique<Transfer>();
  transfer->what = fmt::format("{} cannot be removed from {}", name, place.url);
  transfer->done = std::move(done);
  if (place.protocol == Place::Protocol::kSftp) {
    transfer->url = place.url;
    transfer->commands.reset(
        curl_slist_append(nullptr, fmt::format("rm \"{}{}\"", place.path, name).c_str()));
    transfer->option(CURLOPT_NOBODY, 1L);
    transfer->option(CURLOPT_QUOTE, transfer->commands.get());
  } else {
    transfer->url = place.url + name;
    transfer->option(CURLOPT_CUSTOMREQUEST, "DELETE");
  }
  start(std::move(transfer));
}

void Sender::start(std::unique_ptr<Transfer> transfer) {
  transfer_ = std::move(transfer);
  transfer_->set_up(credentials_);
  next_.start(0ms);
}

void Sender::turn() {
  int running = 0;
  (void)curl_multi_perform(transfer_->multi.get(), &running);
  int left = 0;
  const CURLMsg* const message = curl_multi_info_read(transfer_->multi.get(), &left);
  if (message == nullptr) {
    next_.start(kTurn);
    return;
  }
  const auto ended = std::exchange(transfer_, nullptr);
  ended->done(ended->result(message->data.result));
}

}  // namespace yoke::backup
