// manifest_scan.cpp - reads the list of files back from a manifest of ours; knows only its text.
#include <cstring>

#include "pg/manifest_scan.hpp"

namespace spout
{
namespace
{
void skip_space(ManifestScan *m)
{
    while (m->at < m->end && strchr(" \t\r\n", *m->at) && *m->at)
        m->at++;
}

// Takes one punctuation mark if it is next.
bool take(ManifestScan *m, char c)
{
    skip_space(m);
    if (m->at == m->end || *m->at != c) return false;
    m->at++;
    return true;
}

bool expect(ManifestScan *m, char c)
{
    if (!take(m, c)) m->bad = true;
    return !m->bad;
}

int hex(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// One escape after its backslash; -1: malformed or beyond ASCII, which our writer never escapes.
int escaped(ManifestScan *m)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    if (m->at == m->end) return -1;
    char c = *m->at++;
    if (const char *hit = c ? strchr(from, c) : nullptr) return to[hit - from];
    if (c != 'u' || m->end - m->at < 4) return -1;
    int code = 0;
    for (int i = 0; i < 4; i++) {
        int digit = hex(*m->at++);
        if (digit < 0) return -1;
        code = code * 16 + digit;
    }
    return code > 0 && code < 128 ? code : -1;
}

// A string into out[room]; a longer one, or one with foreign escapes, leaves out empty.
bool string(ManifestScan *m, char *out, size_t room)
{
    size_t n = 0;
    bool usable = true;
    out[0] = '\0';
    if (!expect(m, '"')) return false;
    while (m->at < m->end && *m->at != '"') {
        int c = (uint8)*m->at++;
        if (c == '\\') c = escaped(m);
        usable = usable && c > 0 && n + 1 < room;
        if (usable) out[n++] = (char)c;
    }
    out[usable ? n : 0] = '\0';
    return expect(m, '"');
}

bool number(ManifestScan *m, uint64 *value)
{
    skip_space(m);
    *value = 0;
    int digits = 0;
    for (; m->at < m->end && *m->at >= '0' && *m->at <= '9' && digits < 19; digits++)
        *value = *value * 10 + (*m->at++ - '0');
    m->bad = m->bad || digits == 0;
    return !m->bad;
}

// Any value; brackets are counted, not matched: what we skip, we do not use.
bool skip_value(ManifestScan *m)
{
    char ignored[1];
    int depth = 0;
    do {
        skip_space(m);
        if (m->at == m->end)
            m->bad = true;
        else if (*m->at == '"')
            string(m, ignored, sizeof(ignored));
        else {
            char c = *m->at;
            bool ends = c == ',' || c == '}' || c == ']';
            if (depth == 0 && ends) break;
            depth += (c == '{' || c == '[') - (c == '}' || c == ']');
            m->at++;
            if (depth == 0 && ends) break;
            if (depth == 0) continue; // in a bare word or number
        }
    } while (!m->bad && (depth > 0 || (m->at < m->end && !strchr(",}]", *m->at))));
    return !m->bad;
}

bool key(ManifestScan *m, char *out, size_t room) { return string(m, out, room) && expect(m, ':'); }
} // namespace

bool manifest_open(ManifestScan *m, const char *text, size_t n)
{
    char name[32];
    uint64 version;
    *m = {text, text + n, false};
    if (!expect(m, '{') || !key(m, name, sizeof(name)) || strcmp(name, "pg_spout_manifest") != 0 ||
        !number(m, &version) || version != 1)
        return false;
    while (take(m, ',')) {
        if (!key(m, name, sizeof(name))) return false;
        if (strcmp(name, "files") == 0) return expect(m, '[');
        if (!skip_value(m)) return false;
    }
    return false;
}

bool manifest_next(ManifestScan *m, ManifestFile *f)
{
    *f = {};
    (void)take(m, ',');
    if (m->bad || !take(m, '{')) {
        expect(m, ']');
        return false;
    }
    bool have_name = false, have_bytes = false, have_crc = false;
    do {
        char name[32], digits[16];
        if (!key(m, name, sizeof(name))) return false;
        if (strcmp(name, "name") == 0)
            have_name = string(m, f->name, sizeof(f->name));
        else if (strcmp(name, "rows") == 0)
            number(m, &f->rows);
        else if (strcmp(name, "bytes") == 0)
            have_bytes = number(m, &f->bytes);
        else if (strcmp(name, "crc32c") == 0) {
            have_crc = string(m, digits, sizeof(digits)) && strlen(digits) == 8;
            for (const char *d = digits; *d && have_crc; d++) {
                have_crc = hex(*d) >= 0;
                f->crc32c = f->crc32c * 16 + hex(*d);
            }
        } else
            skip_value(m);
        if (m->bad) return false;
    } while (take(m, ','));
    m->bad = !expect(m, '}') || !have_name || !have_bytes || !have_crc;
    return !m->bad;
}
} // namespace spout
