// element.hpp - the tags of an element, and those of many elements by the keys they are made from.
#pragma once
#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/label.hpp"

namespace spout::xml
{
struct Element {
    explicit Element(const std::string &legal_name)
        : open("<" + legal_name + ">"), close("</" + legal_name + ">"),
          nil("<" + legal_name + " xsi:nil=\"true\"/>")
    {
    }
    Label open, close, nil;
};

// Keys repeat from row to row; their names are made once. Keys that are long, or that come when there are too
// many, are not kept: a value may consist of keys.
class Elements
{
  public:
    // Of the element named after the key; valid until trim(), or until the next one of this depth.
    const Element &of(std::string_view key, size_t depth)
    {
        Known *&slot = recent_[slot_of(key)];
        if (slot && same(slot->first, key)) return slot->second;
        Known *known = find(key);
        if (!known) return make(key, depth);
        slot = known;
        return slot->second;
    }
    // Between values: forgets all when there are too many.
    void trim()
    {
        if (__builtin_expect(all_.size() == kMost || !passing_.empty(), 0)) forget();
    }

  private:
    using Known = std::pair<const std::string, Element>;
    static constexpr size_t kMost = 1000, kLongest = 64, kRecent = 64;

    static size_t slot_of(std::string_view key)
    {
        size_t n = key.size(), h = n;
        if (n)
            h += 5 * static_cast<uint8_t>(key[0]) + 11 * static_cast<uint8_t>(key[n - 1]) +
                 17 * static_cast<uint8_t>(key[n / 2]);
        return h % kRecent;
    }
    static bool same(const std::string &known, std::string_view key)
    {
        if (known.size() != key.size()) return false;
        for (size_t i = 0; i < key.size(); i++)
            if (known[i] != key[i]) return false;
        return true;
    }
    Known *find(std::string_view key); // null: is not kept
    const Element &make(std::string_view key, size_t depth);
    void forget();

    std::unordered_map<std::string, Element> all_;  // its nodes never move
    std::array<Known *, kRecent> recent_ = {};      // owned by all_
    std::vector<std::unique_ptr<Element>> passing_; // by depth; what is not kept
};
} // namespace spout::xml
