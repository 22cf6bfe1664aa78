#include "parvis/train/xz.h"

#include <lzma.h>

#include <cstdint>
#include <vector>

#include "fmt/format.h"

namespace parvis::train {

Result<std::string> DecompressXz(const std::string& packed) {
  constexpr uint64_t kMaxMemory = uint64_t{1} << 30;
  lzma_stream stream = LZMA_STREAM_INIT;
  if (lzma_stream_decoder(&stream, kMaxMemory, LZMA_CONCATENATED) != LZMA_OK) {
    return ResourceExhausted("no memory to read xz");
  }
  stream.next_in = reinterpret_cast<const uint8_t*>(packed.data());
  stream.avail_in = packed.size();
  std::string text;
  std::vector<uint8_t> buffer(size_t{1} << 20);
  lzma_ret status = LZMA_OK;
  while (status == LZMA_OK && text.size() <= kMaxTextFileBytes) {
    stream.next_out = buffer.data();
    stream.avail_out = buffer.size();
    status = lzma_code(&stream, LZMA_FINISH);
    text.append(reinterpret_cast<const char*>(buffer.data()), buffer.size() - stream.avail_out);
  }
  const uint64_t offset = stream.total_in;
  lzma_end(&stream);
  if (text.size() > kMaxTextFileBytes) {
    return ResourceExhausted("more than 4 GiB of text in one file");
  }
  if (status != LZMA_STREAM_END) {
    return DataLoss(fmt::format("xz data at byte {}: damaged or cut short", offset));
  }
  return text;
}

}  // namespace parvis::train
