// registry.cpp - the codecs of this build, from codecs.def.
#include "codec/codec.hpp"

#include "base/no_postgres.hpp"

namespace spout
{
#define CODEC(c) extern const CodecDef c;
#include "codec/codecs.def"
#undef CODEC

namespace
{
#define CODEC(c) &c,
constexpr const CodecDef *kCodecs[] = {
#include "codec/codecs.def"
};
#undef CODEC
} // namespace

const CodecDef *find_codec(std::string_view name)
{
    for (const CodecDef *c : kCodecs)
        if (name == c->name) return c;
    return nullptr;
}

const CodecDef *const *all_codecs(size_t *n)
{
    *n = sizeof kCodecs / sizeof *kCodecs;
    return kCodecs;
}
} // namespace spout
