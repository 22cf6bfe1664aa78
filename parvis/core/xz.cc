#include "parvis/core/xz.h"

#include <lzma.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

#include "fmt/format.h"

namespace parvis {
namespace {

constexpr size_t kStep = size_t{1} << 20;
constexpr uint64_t kMaxMemory = uint64_t{1} << 30;

}  // namespace

struct XzReader::State {
  lzma_stream stream = LZMA_STREAM_INIT;
  std::vector<uint8_t> packed = std::vector<uint8_t>(kStep);
  bool done = false;
  ~State() { lzma_end(&stream); }
};

XzReader::XzReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
XzReader::XzReader(XzReader&&) noexcept = default;
XzReader& XzReader::operator=(XzReader&&) noexcept = default;
XzReader::~XzReader() = default;

Result<XzReader> XzReader::Create() {
  auto state = std::make_unique<State>();
  if (lzma_stream_decoder(&state->stream, kMaxMemory, LZMA_CONCATENATED) != LZMA_OK) {
    return ResourceExhausted("no memory to read xz");
  }
  return XzReader(std::move(state));
}

Status XzReader::Read(const Source& source, size_t size, std::string& to) {
  lzma_stream& stream = state_->stream;
  const size_t before = to.size();
  to.resize(before + size);
  stream.next_out = reinterpret_cast<uint8_t*>(to.data() + before);
  stream.avail_out = size;
  while (stream.avail_out == size && !state_->done) {
    bool ended = false;
    if (stream.avail_in == 0) {
      const Result<size_t> n = source(state_->packed.data(), state_->packed.size());
      if (!n.ok()) {
        to.resize(before);
        return n.status();
      }
      stream.next_in = state_->packed.data();
      stream.avail_in = *n;
      ended = *n == 0;
    }
    const lzma_ret status = lzma_code(&stream, ended ? LZMA_FINISH : LZMA_RUN);
    state_->done = status == LZMA_STREAM_END;
    if (status != LZMA_OK && status != LZMA_STREAM_END) {
      to.resize(before);
      return DataLoss(fmt::format("xz data at byte {}: damaged or cut short", stream.total_in));
    }
  }
  to.resize(before + size - stream.avail_out);
  return Status();
}

Result<std::string> DecompressXz(std::string_view packed, size_t max_bytes) {
  PARVIS_ASSIGN_OR_RETURN(XzReader reader, XzReader::Create());
  const XzReader::Source source = [&packed](void* to, size_t size) -> Result<size_t> {
    const size_t n = std::min(size, packed.size());
    std::memcpy(to, packed.data(), n);
    packed.remove_prefix(n);
    return n;
  };
  std::string text;
  size_t had;
  do {
    had = text.size();
    PARVIS_RETURN_IF_ERROR(reader.Read(source, kStep, text));
    if (text.size() > max_bytes) {
      return ResourceExhausted(fmt::format("more than {} bytes of text in one file", max_bytes));
    }
  } while (text.size() > had);
  return text;
}

}  // namespace parvis
