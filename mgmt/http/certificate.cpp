// SPDX-License-Identifier: Apache-2.0
#include "mgmt/http/certificate.h"

#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>

#include "hal/base/file_descriptor.h"
#include "mgmt/http/errors.h"

namespace yoke::http {
namespace {

namespace fs = std::filesystem;

// A browser asks its user once, however long this is; ten years are a box's life.
constexpr long kDays = 3650;
constexpr long kDaySeconds = 86'400;

template <auto free>
struct Free {
  template <typename T>
  void operator()(T* held) const noexcept {
    free(held);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Free<&EVP_PKEY_free>>;
using X509Certificate = std::unique_ptr<X509, Free<&X509_free>>;
using Bio = std::unique_ptr<BIO, Free<&BIO_free_all>>;
using Extension = std::unique_ptr<X509_EXTENSION, Free<&X509_EXTENSION_free>>;

tl::unexpected<Error> bad(const fs::path& file, const std::string& why) {
  return fail(Errc::kFailed, kBadCertificate, file.string() + ": " + why);
}

std::string text_of(BIO* bio) {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio, &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

bool add_extension(X509* certificate, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

// The clock of a box may be wrong at its first start, so it counts from a day before.
bool fill(X509* certificate, EVP_PKEY* key, const Subject& subject) {
  std::array<unsigned char, 16> serial{};
  if (RAND_bytes(serial.data(), serial.size()) != 1) return false;
  serial[0] &= 0x7f;
  const std::unique_ptr<BIGNUM, Free<&BN_free>> number(
      BN_bin2bn(serial.data(), serial.size(), nullptr));
  X509_NAME* const name = X509_get_subject_name(certificate);
  const auto* const unit = reinterpret_cast<const unsigned char*>(subject.unit.c_str());
  const std::string names = "DNS:" + subject.unit + ",IP:" + subject.address.to_string();
  return number && X509_set_version(certificate, X509_VERSION_3) == 1 &&
         BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr &&
         X509_gmtime_adj(X509_getm_notBefore(certificate), -kDaySeconds) != nullptr &&
         X509_gmtime_adj(X509_getm_notAfter(certificate), kDays * kDaySeconds) != nullptr &&
         X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, unit, -1, -1, 0) == 1 &&
         X509_set_issuer_name(certificate, name) == 1 && X509_set_pubkey(certificate, key) == 1 &&
         add_extension(certificate, NID_basic_constraints, "critical,CA:FALSE") &&
         add_extension(certificate, NID_ext_key_usage, "serverAuth") &&
         add_extension(certificate, NID_subject_alt_name, names) &&
         X509_sign(certificate, key, EVP_sha256()) > 0;
}

Result<Certificate> make(const fs::path& prefix, const Subject& subject, const Key& key) {
  const X509Certificate certificate(X509_new());
  const Bio certificate_text(BIO_new(BIO_s_mem()));
  const Bio key_text(BIO_new(BIO_s_mem()));
  const bool made = key && certificate && certificate_text && key_text &&
                    fill(certificate.get(), key.get(), subject) &&
                    PEM_write_bio_X509(certificate_text.get(), certificate.get()) == 1 &&
                    PEM_write_bio_PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0,
                                             nullptr, nullptr) == 1;
  if (!made) return bad(prefix, "no certificate can be made: OpenSSL refuses");
  return Certificate{text_of(certificate_text.get()), text_of(key_text.get())};
}

// Whole or not at all, and never readable by others for a moment.
Status write_file(const fs::path& file, const std::string& text) {
  const fs::path beside = file.string() + ".new";
  (void)::unlink(beside.c_str());  // of an attempt that was cut short
  FileDescriptor fd(
      ::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR));
  const auto size = static_cast<ssize_t>(text.size());
  errno = ENOSPC;  // what a write that was cut short does not say
  if (fd && ::write(fd.get(), text.data(), text.size()) == size && ::fsync(fd.get()) == 0 &&
      ::rename(beside.c_str(), file.c_str()) == 0) {
    return {};
  }
  auto failed = bad(file, std::string("cannot be written: ") + std::strerror(errno));
  (void)::unlink(beside.c_str());
  return failed;
}

Result<std::string> read_file(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(in), {}};
  if (!in && errno == EACCES) {
    return bad(file, "may not be read by yoke-mgmt: give it to its user (chown yoke: FILE)");
  }
  if (!in || text.empty()) {
    return bad(file,
               "cannot be read, or is empty; put a certificate and its key there, or remove both "
               "files and they are made anew");
  }
  return text;
}

Bio bio_of(const std::string& text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

Key key_in(const std::string& text) {
  // A passphrase would be asked for at a terminal that is not there.
  const auto no_passphrase = [](char*, int, int, void*) { return -1; };
  return Key(PEM_read_bio_PrivateKey(bio_of(text).get(), nullptr, no_passphrase, nullptr));
}

tl::unexpected<Error> not_a_key(const fs::path& file) {
  return bad(file, "is no private key: expected PEM without a passphrase");
}

Status verify(const fs::path& certificate_file, const fs::path& key_file, const Certificate& read) {
  const X509Certificate certificate(
      PEM_read_bio_X509(bio_of(read.certificate).get(), nullptr, nullptr, nullptr));
  if (!certificate) return bad(certificate_file, "is no certificate: expected PEM");
  const Key key = key_in(read.key);
  if (!key) return not_a_key(key_file);
  if (X509_check_private_key(certificate.get(), key.get()) != 1) {
    return bad(key_file, "is not the key of " + certificate_file.string());
  }
  return {};
}

}  // namespace

Result<Certificate> certificate_at(const fs::path& prefix, const Subject& subject) {
  const fs::path certificate_file = prefix.string() + ".crt";
  const fs::path key_file = prefix.string() + ".key";
  std::error_code told_when_read;
  if (!fs::exists(certificate_file, told_when_read)) {
    // One there is a key for was being made when the disk was full or the power failed.
    const bool has_key = fs::exists(key_file, told_when_read);
    const auto known = has_key ? read_file(key_file) : std::string();
    if (!known) return tl::unexpected<Error>(known.error());
    const Key key = has_key ? key_in(*known) : Key(EVP_EC_gen("P-256"));
    if (has_key && !key) return not_a_key(key_file);
    auto made = make(prefix, subject, key);
    if (!made) return made;
    if (!has_key) {
      if (auto kept = write_file(key_file, made->key); !kept) return tl::unexpected(kept.error());
    }
    if (auto kept = write_file(certificate_file, made->certificate); !kept) {
      return tl::unexpected(kept.error());
    }
    return made;
  }
  auto certificate = read_file(certificate_file);
  if (!certificate) return tl::unexpected<Error>(certificate.error());
  auto key = read_file(key_file);
  if (!key) return tl::unexpected<Error>(key.error());
  const Certificate read{std::move(*certificate), std::move(*key)};
  if (auto sound = verify(certificate_file, key_file, read); !sound) {
    return tl::unexpected(sound.error());
  }
  return read;
}

}  // namespace yoke::http
