#ifndef PARVIS_TEXT_PROTO_READER_H_
#define PARVIS_TEXT_PROTO_READER_H_

#include <cstdint>
#include <optional>
#include <string_view>

#include "parvis/core/byte_reader.h"

namespace parvis::text {

// The fields of a protocol-buffer message, one after the other (protobuf.dev, "Encoding"): all that
// is needed to look into a SentencePiece model. The bytes are anybody's. Looks into them, allocates
// nothing.
class ProtoReader {
 public:
  struct Field {
    uint64_t number = 0;
    enum class Type : uint8_t { kNumber, kFixed64, kBytes, kFixed32 = 5 } type = Type::kNumber;
    uint64_t value = 0;      // of a number
    std::string_view bytes;  // of anything else
    size_t offset = 0;       // in the file, of the value, for messages

    float Float() const;  // of fixed32; otherwise 0
    int64_t Int() const { return static_cast<int64_t>(value); }
  };

  // `name` of the message and the place of `bytes` in the file, both for refusals.
  ProtoReader(std::string_view bytes, std::string_view name, size_t offset = 0)
      : reader_(std::as_bytes(std::span(bytes))), name_(name), offset_(offset) {}

  // The next field; none at the end.
  Result<std::optional<Field>> Next();

 private:
  Result<uint64_t> Varint();
  Status Refuse(const std::string& why) const;

  ByteReader reader_;
  std::string_view name_;
  size_t offset_;
};

}  // namespace parvis::text

#endif  // PARVIS_TEXT_PROTO_READER_H_
