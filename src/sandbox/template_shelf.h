// TemplateShelf: which templates of machines there are, when another one is due, and which goes.
// Who makes them is apps/proa's MachineTemplates.
#pragma once

#include "sandbox/microvm.h"

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace proa::sandbox {

/// Whose machines are copies of one template.
enum class TemplateSharing {
  off,     ///< nobody's: every machine boots
  shared,  ///< all accounts'; a template holds nothing of any
  strict,  ///< one account's
};

struct TemplateOptions {
  TemplateSharing sharing = TemplateSharing::shared;
  Bytes most = Bytes::mib(1024);     ///< memory that templates may take together
  std::chrono::minutes renewal{60};  ///< copies share what cannot be seeded anew, for so long
};

/// A machine that could be a copy: everything that its template must have in common with it.
struct TemplateWish {
  TemplatePlan plan;
  std::string account_id;
};

/// Decides, and does nothing. A kind of machine is a key. Where more kinds are wanted than there is
/// room for, the one that was not used for longest goes, and is not due again for five minutes:
/// each boot would make one else, and throw one away. Used by one thread.
class TemplateShelf {
 public:
  using Template = std::shared_ptr<const MachineTemplate>;

  explicit TemplateShelf(TemplateOptions options) : options_(options) {}
  const TemplateOptions& options() const { return options_; }

  std::string key_of(const TemplateWish& wish) const;
  /// The one to copy, which is used now; null: there is none.
  Template find(const std::string& key, SteadyTime now);
  /// Whether one should be made: there is none, or one that has had its time.
  bool is_due(const std::string& key, SteadyTime now) const;

  /// What came of making one.
  struct Put {
    bool is_too_large = false;   ///< alone: it is not kept, and none of its key is ever due again
    std::vector<Bytes> dropped;  ///< to make room for it
  };
  Put put(const std::string& key, Template made, SteadyTime now);
  /// It could not be made: one that has had its time is not used longer for that.
  void not_made(const std::string& key, SteadyTime now);
  /// Copies of `from` do not run. False: that is none of ours any more.
  bool remove(const std::string& key, const MachineTemplate& from, SteadyTime now);

  std::size_t templates() const;
  /// That they take together.
  Bytes bytes() const;

 private:
  struct Entry {
    Template made;     ///< null: there is none, and a reason not to make one
    SteadyTime since;  ///< of either
    SteadyTime used;
    bool is_too_large = false;
  };

  void drop_oldest(const std::string& kept, Put& put, SteadyTime now);
  void forget_old(SteadyTime now);

  TemplateOptions options_;
  std::map<std::string, Entry> entries_;
};

}  // namespace proa::sandbox
