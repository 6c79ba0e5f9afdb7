// crc32.hpp - the two checksums of our files.
#pragma once
#include <cstddef>
#include <cstdint>

namespace spout
{
// CRC-32 (ISO-HDLC, zlib's): Avro's snappy blocks. Start with 0.
uint32_t crc32(uint32_t crc, const void *p, size_t n) noexcept;
// CRC-32C (Castagnoli): whole files and manifests. Start with 0; uses SSE 4.2 where the CPU has it.
uint32_t crc32c(uint32_t crc, const void *p, size_t n) noexcept;
// The CRC-32C of A followed by B, from those of A and of B and B's length in bytes.
uint32_t crc32c_join(uint32_t a, uint32_t b, uint64_t b_bytes) noexcept;
} // namespace spout
