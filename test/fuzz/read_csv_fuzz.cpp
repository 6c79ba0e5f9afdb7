// read_csv_fuzz.cpp - the reader of CSV files: see read_text.hpp.
#include "read_text.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    spout::test::fuzz_text("csv", p, n);
    return 0;
}
