// preload_hint.hpp - who creates the extension is told when new sessions will not load the library.
#pragma once

namespace spout
{
void note_preload();   // when the library is loaded
void hint_at_commit(); // the extension is being created: a NOTICE before the transaction commits, if one is
                       // needed
} // namespace spout
