// guard.cpp - the one place where exceptions become codes.
#include "engine/guard.hpp"

#include <cstring>

#include "base/no_postgres.hpp"

namespace spout
{
namespace
{
// Cuts at a character boundary: the text goes into an error message in a multi-byte encoding.
void copy(char *to, size_t room, const char *from) noexcept
{
    size_t n = strnlen(from, room);
    if (n == room) {
        n = room - 1;
        while (n > 0 && (static_cast<unsigned char>(from[n]) & 0xC0) == 0x80)
            n--;
    }
    memcpy(to, from, n);
    to[n] = '\0';
}
} // namespace

void fill(Failure *why, Code code, const char *message, const char *hint) noexcept
{
    why->code = code;
    why->column = why->option = -1;
    why->path[0] = '\0';
    copy(why->message, sizeof why->message, message);
    copy(why->hint, sizeof why->hint, hint);
}

Code caught(Failure *why) noexcept
{
    try {
        throw;
    } catch (const std::bad_alloc &) {
        fill(why, Code::no_memory, "out of memory");
    } catch (const Error &e) {
        fill(why, e.code, e.message.c_str(), e.hint.c_str());
        why->column = e.column;
        why->option = e.option;
        copy(why->path, sizeof why->path, e.path.c_str());
    } catch (const std::exception &e) {
        fill(why, Code::internal, e.what());
    } catch (...) {
        fill(why, Code::internal, "unknown exception");
    }
    return why->code;
}
} // namespace spout
