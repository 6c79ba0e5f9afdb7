// copy_hook.hpp - the door for COPY ... TO.
#pragma once
namespace spout
{
void install_copy_hook();
}
