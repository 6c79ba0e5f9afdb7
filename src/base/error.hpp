// error.hpp - what core throws; it never leaves core: the wall turns it into a Code and a Failure.
#pragma once
#include <exception>
#include <string>
#include <utility>

#include "base/code.hpp"

namespace spout
{
class Error : public std::exception
{
  public:
    Error(Code c, std::string m, std::string h = {}) : code(c), message(std::move(m)), hint(std::move(h)) {}
    const char *what() const noexcept override { return message.c_str(); }
    // Called on the way out of nested values, innermost first.
    void within(const std::string &step) { path.insert(0, step); }

    Code code;
    std::string message, hint, path;
    int32_t column = -1, option = -1;
};
} // namespace spout
