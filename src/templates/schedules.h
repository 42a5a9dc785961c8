// Schedules of a function in a template: SAM's Events, Serverless's events. Private to templates/.
#pragma once

#include "templates/node.h"
#include "templates/templates.h"

namespace proa::templates {

/// Takes events that are no schedules out of a function's properties, which are not resolved yet:
/// they become problems, and what they refer to need not be understood.
void drop_other_events(const std::string& id, Node& properties, Template& out);

/// A function's `Events`, resolved. Events that are no schedules become problems. Errc: invalid (a
/// wrong shape, an expression, a zone or a JSON that is none; with the line).
Result<void> read_sam_schedules(TemplateFunction& function, const Node& events, Template& out);

/// A function's `events`, likewise.
Result<void> read_serverless_schedules(TemplateFunction& function, const Node& events,
                                       Template& out);

}  // namespace proa::templates
