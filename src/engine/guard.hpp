// guard.hpp - turns whatever was thrown inside core into a Code and a Failure.
#pragma once
#include <new>

#include "base/error.hpp"

namespace spout
{
// Call from a catch (...) block. Never throws: texts are cut to fit.
Code caught(Failure *why) noexcept;
void fill(Failure *why, Code code, const char *message, const char *hint = "") noexcept;
} // namespace spout
