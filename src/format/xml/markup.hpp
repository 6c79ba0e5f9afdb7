// markup.hpp - may a value of type xml stand in a document as it is?
// The server's check of such values is not enough: xmlelement() takes characters that XML cannot hold, and
// prefixes may be undeclared. Source: XML 1.0 fourth edition, section 4.3.2 (content), and Namespaces in XML.
#pragma once
#include <string_view>

namespace spout::xml
{
// Without the XML declaration at its beginning.
std::string_view without_declaration(std::string_view xml);

// True when the text is well-formed content by itself: every element closed, every prefix declared within,
// no DOCTYPE, no entities but the five of XML, nothing that only some parsers take. Errs on the side of no.
// Throws std::bad_alloc only.
bool is_content(std::string_view, size_t max_depth = 200); // libxml2 stops at 255 with all that is around it
} // namespace spout::xml
