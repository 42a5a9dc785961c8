// proa completion
#include "cli/help.h"
#include "cli/verb.h"

#include <CLI/CLI.hpp>

#include <memory>

namespace proa::cli {
namespace {

// Words without candidates are completed as files.
constexpr std::string_view kBash = R"(# bash completion for proa: source <(proa completion bash)
_proa() {
  local IFS=$'\n'
  COMPREPLY=($("${COMP_WORDS[0]}" complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
  if [[ "${COMPREPLY[0]}" == *[=:] ]]; then compopt -o nospace 2>/dev/null; fi
}
complete -o bashdefault -o default -F _proa proa
)";

constexpr std::string_view kZsh = R"(#compdef proa
# zsh completion for proa: source <(proa completion zsh), behind compinit
_proa() {
  local line word answer
  local -a described open
  answer=$(${words[1]} complete --described -- "${(@)words[2,CURRENT]}" 2>/dev/null)
  for line in "${(@f)answer}"; do
    [[ -n $line ]] || continue
    word=${line%%$'\t'*}
    if [[ $word == *[=:] ]]; then
      open+=("$word")
    elif [[ $line == *$'\t'* ]]; then
      described+=("${word//:/\\:}:${line#*$'\t'}")
    else
      described+=("${word//:/\\:}")
    fi
  done
  if (( $#open )); then compadd -S '' -a open; fi
  if (( $#described )); then _describe proa described; fi
  (( $#open + $#described )) || _files
}
compdef _proa proa
)";

constexpr std::string_view kFish = R"(# fish completion for proa: proa completion fish | source
function __proa_complete
    set -l words (commandline -opc)
    $words[1] complete --described -- $words[2..-1] (commandline -ct) 2>/dev/null
end
function __proa_has_candidates
    test (count (__proa_complete)) -gt 0
end
complete -c proa -n __proa_has_candidates -f -a '(__proa_complete)'
)";

std::string script_for(const std::string& shell) {
  if (shell == "bash") return std::string(kBash);
  return std::string(shell == "zsh" ? kZsh : kFish);
}

}  // namespace

void add_completion_verb(CLI::App& app, Chosen& chosen) {
  auto shell = std::make_shared<std::string>();
  CLI::App* verb =
      app.add_subcommand("completion", "Print what makes a shell complete proa's words");
  verb->group(kOperating);
  add_examples(*verb, {{"source <(proa completion bash)", "in ~/.bashrc"},
                       {"source <(proa completion zsh)", "in ~/.zshrc, behind compinit"},
                       {"proa completion fish | source", "in ~/.config/fish/config.fish"}});
  verb->add_option("shell", *shell, "Which one")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  verb->callback([&chosen, shell] {
    chosen.action = [shell]() -> Result<std::string> { return script_for(*shell); };
  });
}

}  // namespace proa::cli
