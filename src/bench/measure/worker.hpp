// worker.hpp - measuring in processes of our own, or in this one.
#pragma once
#include "bench/server/json.hpp"

namespace spout
{
// Tasks as task.cpp reads them, or with "commit" one statement that is kept; side by side, each in a process
// of its own where one can be had. Raises 22023 for what is no task, and what ends this session's statement;
// how a task went stands in its answer.
void run_tasks(Jsonb *const *tasks, int n, bool processes, Jsonb **answers);
Jsonb *run_task(Jsonb *task, bool processes);
} // namespace spout
