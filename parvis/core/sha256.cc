#include "parvis/core/sha256.h"

#include <openssl/evp.h>

#include <cstdio>
#include <memory>
#include <vector>

#include "parvis/core/check.h"
#include "parvis/core/sha256_of_file.h"

namespace parvis {
namespace {

class Digest {
 public:
  Digest() : context_(EVP_MD_CTX_new(), &EVP_MD_CTX_free) {
    PARVIS_CHECK(context_ && EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1);
  }
  void Update(const void* data, size_t size) {
    PARVIS_CHECK(EVP_DigestUpdate(context_.get(), data, size) == 1);
  }
  Sha256Digest Bytes() {
    Sha256Digest digest;
    unsigned int size = 0;
    PARVIS_CHECK(EVP_DigestFinal_ex(context_.get(), reinterpret_cast<unsigned char*>(digest.data()),
                                    &size) == 1 &&
                 size == digest.size());
    return digest;
  }

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

}  // namespace

Sha256Digest Sha256(std::string_view bytes) {
  Digest digest;
  digest.Update(bytes.data(), bytes.size());
  return digest.Bytes();
}

std::string HexOf(const Sha256Digest& digest) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  for (const std::byte byte : digest) {
    hex += kDigits[std::to_integer<int>(byte >> 4)];
    hex += kDigits[std::to_integer<int>(byte & std::byte{15})];
  }
  return hex;
}

std::string Sha256Hex(std::string_view bytes) { return HexOf(Sha256(bytes)); }

Result<std::string> Sha256HexOfFile(const std::string& path) { return Sha256HexOfFile(path, {}); }

Result<std::string> Sha256HexOfFile(const std::string& path,
                                    const std::function<void(size_t bytes)>& read) {
  std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path.c_str(), "rb"), &std::fclose);
  if (!file) return NotFound("cannot open " + path);
  Digest digest;
  std::vector<char> buffer(size_t{1} << 20);
  while (const size_t n = std::fread(buffer.data(), 1, buffer.size(), file.get())) {
    digest.Update(buffer.data(), n);
    if (read) read(n);
  }
  if (std::ferror(file.get())) return IoError("cannot read " + path);
  return HexOf(digest.Bytes());
}

}  // namespace parvis
