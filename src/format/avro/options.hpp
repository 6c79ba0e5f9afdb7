// options.hpp - the options only Avro has (docs/options.md), and the extra header strings.
#pragma once
#include <map>
#include <string>

#include "format/format.hpp"

namespace spout::avro
{
extern const OptionDef kOptions[];
size_t default_block_size(const Options &);
void check_options(const Options &);

// The metadata option as keys and values in byte order; empty when not given.
// Throws Error(Code::bad_value) when it is not a JSON object of strings, or holds a key avro.*.
std::map<std::string, std::string> parse_metadata(const char *json);
} // namespace spout::avro
