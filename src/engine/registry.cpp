// registry.cpp - the formats of this build, from formats.def.
#include "base/parse.hpp"
#include "format/format.hpp"

#include "base/no_postgres.hpp"

namespace spout
{
#define FORMAT(f) extern const Format f;
#include "format/formats.def"
#undef FORMAT

namespace
{
#define FORMAT(f) &f,
constexpr const Format *kFormats[] = {
#include "format/formats.def"
};
#undef FORMAT
} // namespace

const Format *find_format(std::string_view name)
{
    for (const Format *f : kFormats)
        if (iequals(name, f->name)) return f;
    return nullptr;
}

const Format *const *all_formats(size_t *n)
{
    *n = sizeof kFormats / sizeof *kFormats;
    return kFormats;
}
} // namespace spout
