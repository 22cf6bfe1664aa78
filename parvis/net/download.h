#ifndef PARVIS_NET_DOWNLOAD_H_
#define PARVIS_NET_DOWNLOAD_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "parvis/core/result.h"

namespace parvis::net {

struct DownloadSettings {
  std::string token;  // sent to the URL's own origin as "Authorization: Bearer", to nobody else
  int max_redirects = 5;
  int max_tries = 5;                       // without a byte more than the try before
  std::chrono::milliseconds pause{500};    // after the first failed try; doubles
  std::chrono::seconds longest_pause{60};  // a server that asks for more is not waited for
  std::chrono::seconds stall_time{60};
  std::function<void(int64_t bytes)> progress;  // that are there, now and then
  std::function<bool()> stopped;
};

struct Download {
  std::string url;
  std::string path;              // of the file; PATH.incomplete until it is whole
  std::optional<int64_t> bytes;  // that it must have
  std::string sha256;            // that it must have; empty: not known
  std::string git_blob;          // likewise, as git names it (SHA-1 of "blob SIZE\0" and all)
  int64_t max_bytes = int64_t{1} << 42;
};

// Downloads a file. It is there whole and verified, or not at all: until then its bytes are in
// PATH.incomplete, from which the next call goes on (if the server says that it is the same file).
// Cut connections, 429 and 5xx are tried again, after the time that the server asks for. A file of
// the wrong length or digest is thrown away. One process at a time downloads a path.
Status DownloadFile(const Download& wanted, const DownloadSettings& settings);

// A small text, of at most 64 MiB, with the same patience.
Result<std::string> DownloadText(const std::string& url, const DownloadSettings& settings);

}  // namespace parvis::net

#endif  // PARVIS_NET_DOWNLOAD_H_
