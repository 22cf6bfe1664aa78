#include "parvis/text/proto_reader.h"

#include <string>

namespace parvis::text {

float ProtoReader::Field::Float() const {
  float number = 0;
  if (type == Type::kFixed32) std::memcpy(&number, bytes.data(), sizeof(number));
  return number;
}

Status ProtoReader::Refuse(const std::string& why) const {
  return ByteReader::Refuse(name_, why, offset_ + reader_.offset());
}

// Seven bits a byte, the lowest first; the highest bit says that more follow.
Result<uint64_t> ProtoReader::Varint() {
  uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    if (reader_.left() == 0) return Refuse("ends within a number");
    const uint64_t byte = reader_.Read<uint8_t>(name_).value();
    value |= (byte & 0x7F) << shift;
    if (byte < 0x80) return value;
  }
  return Refuse("a number is longer than ten bytes");
}

Result<std::optional<ProtoReader::Field>> ProtoReader::Next() {
  if (reader_.left() == 0) return std::optional<Field>();
  PARVIS_ASSIGN_OR_RETURN(const uint64_t key, Varint());
  Field field;
  field.number = key >> 3;
  uint64_t size = 0;
  switch (key & 7) {
    case 0: {
      field.offset = offset_ + reader_.offset();
      PARVIS_ASSIGN_OR_RETURN(field.value, Varint());
      return std::optional<Field>(field);
    }
    case 1:
      field.type = Field::Type::kFixed64;
      size = 8;
      break;
    case 2: {
      field.type = Field::Type::kBytes;
      PARVIS_ASSIGN_OR_RETURN(size, Varint());
      break;
    }
    case 5:
      field.type = Field::Type::kFixed32;
      size = 4;
      break;
    default:
      return Refuse("a field of an unknown type; is this a SentencePiece model?");
  }
  if (size > reader_.left()) {
    return Refuse("a field of " + std::to_string(size) + " bytes, " +
                  std::to_string(reader_.left()) + " are left");
  }
  field.offset = offset_ + reader_.offset();
  field.bytes = reader_.Text(name_, size).value();
  return std::optional<Field>(field);
}

}  // namespace parvis::text
