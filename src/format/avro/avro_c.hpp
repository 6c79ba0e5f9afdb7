// avro_c.hpp - Avro C, the second opinion behind our own checks: it parses schemas and decodes rows that have
// passed them. Never the first to see a byte: version 1.11.1 crashes on malformed schemas and trusts counts.
// Knows no files, blocks or codecs.
#pragma once
#include "base/buffer.hpp"
#include "format/avro/schema.hpp"

namespace spout::avro
{
class AvroC
{
  public:
    // Throws Error(Code::bad_value) when Avro C refuses the schema, std::bad_alloc.
    explicit AvroC(const Schema &);
    ~AvroC();
    AvroC(const AvroC &) = delete;
    AvroC &operator=(const AvroC &) = delete;

    // Decodes one row and checks that it fills `row` exactly. Throws Error(Code::corrupt), std::bad_alloc.
    void decode(Bytes row);
    // Gives back the memory that values keep for the next row.
    void forget();

  private:
    struct Handles;
    std::unique_ptr<Handles> handles_;
};
} // namespace spout::avro
