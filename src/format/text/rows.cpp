// rows.cpp - one small state machine per format.
#include "format/text/rows.hpp"

#include <string>

#include "base/error.hpp"

#include "base/no_postgres.hpp"

namespace spout
{
namespace
{
// Of brackets or elements: each open one is remembered. What exports write is never near.
constexpr size_t kMaxDepth = 1 << 20;

bool is_space(uint8_t c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }
} // namespace

void RowCounter::corrupt(const char *what) const
{
    throw Error(Code::corrupt, "row " + std::to_string(rows_ + 1) + ": " + what);
}

// --- CSV ----------------------------------------------------------------------------------------
namespace
{
class Csv : public RowCounter
{
  public:
    explicit Csv(const ReadAs &as)
        : as_(as), quote_(static_cast<uint8_t>(as.quote)), escape_(static_cast<uint8_t>(as.escape)),
          header_(as.header)
    {
    }

    void feed(Bytes in) override
    {
        for (size_t i = 0; i < in.n; i++)
            as_.mblen ? multibyte(in.p[i]) : byte(in.p[i]);
    }

    void finish() override
    {
        if (quoted_) corrupt("the file ends inside a quoted value");
        if (line_ || lead_ || skip_) corrupt("the file ends before the line does");
        if (header_) throw Error(Code::corrupt, "the header is missing");
    }

  private:
    void byte(uint8_t c)
    {
        line_ = true;
        if (quoted_ && escaped_) {
            escaped_ = false;
            if (c == quote_ || c == escape_) return;
        }
        if (quoted_ && c == escape_ && escape_ != quote_)
            escaped_ = true;
        else if (c == quote_)
            quoted_ = !quoted_; // a doubled quote is two of them
        else if (c == '\n' && !quoted_) {
            line_ = false;
            if (!header_) rows_++;
            header_ = false;
        }
    }

    // Of an encoding whose later bytes may look like a quote. Two bytes tell how long a character is.
    void multibyte(uint8_t c)
    {
        if (skip_) {
            skip_--;
            return;
        }
        if (!lead_) {
            if (c < 0x80)
                byte(c);
            else
                lead_ = c;
            return;
        }
        const char head[] = {static_cast<char>(lead_), static_cast<char>(c), 0};
        int length = as_.mblen(as_.encoding, head);
        byte(lead_);
        lead_ = 0;
        if (length < 2)
            multibyte(c);
        else
            skip_ = static_cast<unsigned>(length) - 2;
    }

    ReadAs as_;
    uint8_t quote_, escape_; // any byte, also of LATIN1
    bool header_;            // to come
    bool quoted_ = false, escaped_ = false, line_ = false;
    uint8_t lead_ = 0;
    unsigned skip_ = 0; // bytes of a character to come
};

// --- JSON ---------------------------------------------------------------------------------------
class Json : public RowCounter
{
  public:
    void feed(Bytes in) override
    {
        for (size_t i = 0; i < in.n; i++)
            if (string_)
                in_string(in.p[i]);
            else if (open_.empty())
                between_rows(in.p[i]);
            else
                in_row(in.p[i]);
    }

    void finish() override
    {
        if (string_ || !open_.empty()) corrupt("the file ends inside it");
        if (array_ && at_ != At::end) corrupt("the file ends before the array does");
        if (!array_ && at_ == At::row_end) {
            rows_--;
            corrupt("the file ends before the line does");
        }
    }

  private:
    enum class At : uint8_t { start, row_wanted, row_end, end };

    void in_string(uint8_t c)
    {
        if (escaped_)
            escaped_ = false;
        else if (c == '\\')
            escaped_ = true;
        else if (c == '"')
            string_ = false;
        else if (c < 0x20)
            corrupt("a control character in a string");
    }

    void between_rows(uint8_t c)
    {
        if (c == '{' && (at_ == At::start || at_ == At::row_wanted))
            open_.push_back('}');
        else if (((array_ && c == ',') || (!array_ && c == '\n')) && at_ == At::row_end)
            at_ = At::row_wanted;
        else if (c == '[' && at_ == At::start && !array_)
            array_ = true;
        else if (c == ']' && array_ && (at_ == At::start || at_ == At::row_end))
            at_ = At::end;
        else if (!is_space(c) || (c == '\n' && !array_))
            corrupt("not a JSON object where one is expected");
    }

    void in_row(uint8_t c)
    {
        if (c == '"')
            string_ = true;
        else if (c == '{' || c == '[') {
            if (open_.size() == kMaxDepth) corrupt("is nested deeper than 1048576 levels");
            open_.push_back(c == '{' ? '}' : ']');
        } else if (c == '}' || c == ']') {
            if (open_.back() != c) corrupt("brackets do not match");
            open_.pop_back();
            if (!open_.empty()) return;
            rows_++;
            at_ = At::row_end;
        } else if (c == '\n' && !array_)
            corrupt("an object goes on in the next line");
        else if (c >= 0x80 || (c < 0x20 && !is_space(c)))
            corrupt("a character outside of strings that JSON does not have");
    }

    std::vector<uint8_t> open_; // brackets to close
    bool string_ = false, escaped_ = false, array_ = false;
    At at_ = At::start;
};

// --- XML ----------------------------------------------------------------------------------------
class Xml : public RowCounter
{
  public:
    void feed(Bytes in) override
    {
        for (size_t i = 0; i < in.n; i++) {
            uint8_t c = in.p[i];
            if (c < 0x20 && !is_space(c)) corrupt("a character that XML does not have");
            step(c);
        }
    }

    void finish() override
    {
        if (!ended_) corrupt("the document ends too early");
        if (at_ != At::text) corrupt("the file ends inside markup");
    }

  private:
    enum class At : uint8_t {
        text,
        less,
        name,
        tag,
        double_quoted,
        single_quoted,
        close,
        pi,
        bang,
        comment,
        cdata
    };

    void step(uint8_t c)
    {
        switch (at_) {
        case At::text:
            if (c == '<')
                at_ = At::less;
            else if (open_.empty() && !is_space(c) && !mark(c))
                corrupt("text outside of the root element");
            return;
        case At::less: return less(c);
        case At::name:
        case At::tag: return tag(c);
        case At::double_quoted:
        case At::single_quoted:
            if ((at_ == At::double_quoted && c == '"') || (at_ == At::single_quoted && c == '\''))
                at_ = At::tag;
            return;
        case At::close:
            if (c == '>')
                close(hash_);
            else if (!is_space(c))
                hash(c);
            return;
        case At::pi: return until(c, "?>", 2);
        case At::comment: return until(c, "-->", 3);
        case At::cdata: return until(c, "]]>", 3);
        case At::bang: return bang(c);
        }
    }

    // A byte order mark may stand at the start; ours have none.
    bool mark(uint8_t c) { return !ended_ && !seen_ && c >= 0xBB; }

    void less(uint8_t c)
    {
        seen_ = true;
        hash_ = 0;
        matched_ = 0;
        slash_ = false;
        if (c == '?')
            at_ = At::pi;
        else if (c == '!')
            at_ = At::bang;
        else if (c == '/')
            at_ = At::close;
        else if (is_space(c) || c == '>' || c == '<' || (open_.empty() && ended_))
            corrupt("markup that cannot be read");
        else {
            at_ = At::name;
            hash(c);
        }
    }

    void tag(uint8_t c)
    {
        if (c == '>') {
            if (open_.size() == kMaxDepth) corrupt("is nested deeper than 1048576 levels");
            open_.push_back(hash_);
            at_ = At::text;
            if (slash_) close(hash_);
            return;
        }
        if (c == '<') corrupt("markup that cannot be read");
        slash_ = c == '/';
        if (slash_ || is_space(c))
            at_ = At::tag;
        else if (at_ == At::name)
            hash(c);
        else if (c == '"')
            at_ = At::double_quoted;
        else if (c == '\'')
            at_ = At::single_quoted;
    }

    void close(uint32_t name)
    {
        at_ = At::text;
        if (open_.empty() || open_.back() != name) corrupt("an end tag without its start");
        open_.pop_back();
        if (open_.size() == 1) rows_++;
        if (open_.empty()) ended_ = true;
    }

    void bang(uint8_t c)
    {
        const char *wanted = word_ ? word_ : (word_ = c == '-' ? "--" : "[CDATA[");
        if (c != static_cast<uint8_t>(wanted[matched_])) corrupt("markup that an export does not have");
        if (wanted[++matched_]) return;
        at_ = *wanted == '-' ? At::comment : At::cdata;
        if (at_ == At::cdata && open_.empty()) corrupt("text outside of the root element");
        word_ = nullptr;
        matched_ = 0;
    }

    void until(uint8_t c, const char *end, unsigned n)
    {
        if (c == static_cast<uint8_t>(end[matched_]))
            matched_++;
        else if (!(n == 3 && matched_ == 2 && c == static_cast<uint8_t>(end[0]))) // `]]]>` ends, too
            matched_ = c == static_cast<uint8_t>(end[0]);
        if (matched_ < n) return;
        at_ = At::text;
        matched_ = 0;
    }

    void hash(uint8_t c) { hash_ = (hash_ ^ c) * 16777619u + 1; }

    std::vector<uint32_t> open_; // hashes of the names of open elements
    uint32_t hash_ = 0;
    unsigned matched_ = 0;
    const char *word_ = nullptr; // what is behind `<!`
    bool slash_ = false, seen_ = false, ended_ = false;
    At at_ = At::text;
};
} // namespace

std::unique_ptr<RowCounter> count_csv(const ReadAs &as) { return std::make_unique<Csv>(as); }
std::unique_ptr<RowCounter> count_json() { return std::make_unique<Json>(); }
std::unique_ptr<RowCounter> count_xml() { return std::make_unique<Xml>(); }
} // namespace spout
