#ifndef PARVIS_KERNELS_STORED_INL_H_
#define PARVIS_KERNELS_STORED_INL_H_

#include <cstddef>
#include <cstdint>

#include "parvis/kernels/kernels.h"
#include "parvis/kernels/layout.h"

// Quantised weights as files store them, in groups of 32 along a row (the layouts: layout.h). All
// types but q8_0, which convert-inl.h and pack-inl.h read by themselves, come down to one form:
//
//   weight i of a group = scale[i / 16] * (code[i] - zero) - minimum
//
// with every product and difference rounded to f32 once, as ggml's and gguf-py's reference code
// has it.
namespace parvis::kernels {

struct StoredScales {
  float scale[2];  // of the first and the second 16
  float minimum;
  int zero;  // the code that stands for no more than the minimum
};

// Bytes of the smallest whole block of `source`, and its weights.
template <class V>
inline StoredBlock BlockOf(Source source) {
  switch (source) {
    case Source::kF32:
      return {1, 4};
    case Source::kF16:
    case Source::kBf16:
      return {1, 2};
    case Source::kQ8_0:
      return kQ8Stored;
    case Source::kQ4_0:
      return kQ4_0Stored;
    case Source::kQ4_1:
      return kQ4_1Stored;
    case Source::kQ5_0:
      return kQ5_0Stored;
    case Source::kQ5_1:
      return kQ5_1Stored;
    case Source::kQ4K:
      return kQ4KStored;
    case Source::kQ5K:
      return kQ5KStored;
    case Source::kQ6K:
      return kQ6KStored;
  }
  return {1, 1};
}

template <class V>
inline float HalfAt(const unsigned char* p) {
  uint16_t half[16] = {};
  __builtin_memcpy(half, p, sizeof(uint16_t));
  float wide[16];
  V::LoadF16(half).Store(wide);
  return wide[0];
}

// Scale and minimum (6 bits each) number `j` of 8, as q4_K and q5_K keep them in 12 bytes: the
// first four whole, the upper two bits of the others in the upper two bits of those.
template <class V>
inline void SixBitScales(const unsigned char* packed, size_t j, uint8_t& scale, uint8_t& minimum) {
  if (j < 4) {
    scale = packed[j] & 63;
    minimum = packed[j + 4] & 63;
  } else {
    scale = static_cast<uint8_t>((packed[j + 4] & 15) | (packed[j - 4] >> 6 << 4));
    minimum = static_cast<uint8_t>((packed[j + 4] >> 4) | (packed[j] >> 6 << 4));
  }
}

// Of each of eight bytes the bits `mask` from `shift` on. Eight at a time by plain words: what the
// compiler makes of single bytes is ten times slower.
template <class V>
inline uint64_t EightBits(const unsigned char* from, size_t shift, uint8_t mask) {
  uint64_t word;
  __builtin_memcpy(&word, from, sizeof(word));
  return word >> shift & mask * uint64_t{0x0101010101010101};
}

template <class V>
inline void PutEight(uint8_t* to, uint64_t word) {
  __builtin_memcpy(to, &word, sizeof(word));
}

// The codes of group `group` of a stored row, not negative.
template <class V>
inline void ReadCodes(Source source, const void* row, size_t group, uint8_t* code) {
  const StoredBlock stored = BlockOf<V>(source);
  const size_t groups = stored.elements / kQ8Group;  // of a block
  const unsigned char* block =
      static_cast<const unsigned char*>(row) + group / groups * stored.bytes;
  const size_t j = group % groups;
  switch (source) {
    case Source::kQ4_0:
    case Source::kQ4_1:
    case Source::kQ5_0:
    case Source::kQ5_1: {
      const unsigned char* nibbles = block + stored.bytes - 16;
      for (size_t i = 0; i < 16; i += 8) {
        PutEight<V>(code + i, EightBits<V>(nibbles + i, 0, 15));
        PutEight<V>(code + 16 + i, EightBits<V>(nibbles + i, 4, 15));
      }
      if (source == Source::kQ4_0 || source == Source::kQ4_1) return;
      uint32_t high;  // the fifth bits
      __builtin_memcpy(&high, nibbles - sizeof(high), sizeof(high));
      for (size_t i = 0; i < 32; ++i) code[i] |= static_cast<uint8_t>((high >> i & 1) << 4);
      return;
    }
    case Source::kQ4K:
    case Source::kQ5K: {  // a nibble of 32 bytes holds a group, two groups share the bytes
      const unsigned char* low = block + stored.bytes - 128 + j / 2 * 32;
      const unsigned char* high = block + 16;  // of q5_K
      for (size_t i = 0; i < 32; i += 8) {
        uint64_t eight = EightBits<V>(low + i, j % 2 * 4, 15);
        if (source == Source::kQ5K) eight |= EightBits<V>(high + i, j, 1) << 4;
        PutEight<V>(code + i, eight);
      }
      return;
    }
    case Source::kQ6K: {  // two halves of four groups
      const unsigned char* low = block + j / 4 * 64 + j % 2 * 32;
      const unsigned char* high = block + 128 + j / 4 * 32;
      for (size_t i = 0; i < 32; i += 8) {
        const uint64_t four = EightBits<V>(low + i, j % 4 / 2 * 4, 15);
        PutEight<V>(code + i, four | EightBits<V>(high + i, j % 4 * 2, 3) << 4);
      }
      return;
    }
    default:  // not of this kind
      return;
  }
}

// Scales and minimum of group `group` of a stored row.
template <class V>
inline StoredScales ReadScales(Source source, const void* row, size_t group) {
  const StoredBlock stored = BlockOf<V>(source);
  const size_t groups = stored.elements / kQ8Group;
  const unsigned char* block =
      static_cast<const unsigned char*>(row) + group / groups * stored.bytes;
  const size_t j = group % groups;
  switch (source) {
    case Source::kQ4_0:
    case Source::kQ5_0: {
      const float scale = HalfAt<V>(block);
      return {{scale, scale}, 0.0f, source == Source::kQ4_0 ? 8 : 16};
    }
    case Source::kQ4_1:
    case Source::kQ5_1: {
      const float scale = HalfAt<V>(block);
      return {{scale, scale}, -HalfAt<V>(block + 2), 0};
    }
    case Source::kQ4K:
    case Source::kQ5K: {
      uint8_t scale, minimum;
      SixBitScales<V>(block + 4, j, scale, minimum);
      const float wide = HalfAt<V>(block) * static_cast<float>(scale);
      return {{wide, wide}, HalfAt<V>(block + 2) * static_cast<float>(minimum), 0};
    }
    case Source::kQ6K: {
      const float all = HalfAt<V>(block + kQ6KStored.bytes - 2);
      int8_t each[2];
      __builtin_memcpy(each, block + 192 + 2 * j, sizeof(each));
      return {{all * static_cast<float>(each[0]), all * static_cast<float>(each[1])}, 0.0f, 32};
    }
    default:
      return {};
  }
}

// Group `group` of a stored row as 32 floats.
template <class V>
inline void ReadGroup(Source source, const void* row, size_t group, float* to) {
  uint8_t code[kQ8Group];
  ReadCodes<V>(source, row, group, code);
  const StoredScales scales = ReadScales<V>(source, row, group);
  int8_t q[kQ8Group];
  for (size_t i = 0; i < kQ8Group; ++i) q[i] = static_cast<int8_t>(code[i] - scales.zero);
  for (size_t h = 0; h < 2; ++h) {
    const V scaled = V::Mul(V::LoadInt8(q + 16 * h), V::Set(scales.scale[h]));
    V::Sub(scaled, V::Set(scales.minimum)).Store(to + 16 * h);
  }
}

}  // namespace parvis::kernels

#endif  // PARVIS_KERNELS_STORED_INL_H_
