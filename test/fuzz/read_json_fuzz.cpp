// read_json_fuzz.cpp - the reader of JSON files: see read_text.hpp.
#include "read_text.hpp"

// Also as a file of which nothing is known.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    spout::test::fuzz_text(n && p[0] & 1 ? nullptr : "json", p, n);
    return 0;
}
