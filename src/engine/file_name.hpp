// file_name.hpp - what the name of a file says of its content: "orders.csv.gz" is CSV in gzip. The suffixes
// stand in the tables of the formats and of their codecs.
#pragma once
#include <string_view>

namespace spout
{
struct Format;
struct FormatCodec;

// Cuts the suffix of a codec off the name; null when it has none of ours.
const FormatCodec *cut_codec(std::string_view *name);
// The format whose suffix the name has; null when it is nobody's.
const Format *format_by_name(std::string_view name);
} // namespace spout
