/** What shells run to complete `aichor`: each asks `aichor complete`, whose lines are words with what they are behind a tab. */

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** Said instead of words: the shell completes names of files, or of folders. */
export const FILES = ':files';
export const FOLDERS = ':folders';

/** How a shell of the user's is told, and where its words come from. */
export const SETUP: Readonly<Record<Shell, string>> = {
  bash: 'echo \'eval "$(aichor completion bash)"\' >> ~/.bashrc',
  zsh: 'echo \'eval "$(aichor completion zsh)"\' >> ~/.zshrc',
  fish: 'aichor completion fish > ~/.config/fish/completions/aichor.fish',
};

/** Bash cuts words at `=` and `:`; what it replaces is only what stands behind the last of them. */
const BASH = String.raw`_aichor() {
  local IFS=$'\n' current="${'$'}{COMP_WORDS[COMP_CWORD]}" word line="${'$'}{COMP_LINE:0:COMP_POINT}" typed
  typed="${'$'}{line##*[[:space:]]}"
  COMPREPLY=()
  for word in $(aichor complete --line "$line" 2>/dev/null); do
    word="${'$'}{word%%$'\t'*}"
    case "$word" in
      ${FILES}) COMPREPLY=($(compgen -f -- "$current")); compopt -o filenames 2>/dev/null; return ;;
      ${FOLDERS}) COMPREPLY=($(compgen -d -- "$current")); compopt -o filenames 2>/dev/null; return ;;
    esac
    case "$word" in
      "$typed"*)
        case "$word" in *[=.]) compopt -o nospace 2>/dev/null ;; esac
        case "$typed" in *=*) case "$COMP_WORDBREAKS" in *=*) word="${'$'}{word#"${'$'}{typed%=*}="}" ;; esac ;; esac
        COMPREPLY+=("$word") ;;
    esac
  done
}
complete -F _aichor aichor
`;

const ZSH = String.raw`#compdef aichor
_aichor() {
  local -a plain open described
  local line word says
  while IFS= read -r line; do
    word="${'$'}{line%%$'\t'*}"
    says="${'$'}{line#*$'\t'}"
    case "$word" in
      ${FILES}) _files; return ;;
      ${FOLDERS}) _files -/; return ;;
      *[=.]) open+=("$word") ;;
      *) described+=("${'$'}{word//:/\\:}${'$'}{says:+:$says}") ;;
    esac
  done < <(aichor complete -- "${'$'}{(@)words[2,CURRENT]}" 2>/dev/null)
  (( ${'$'}{#open} )) && compadd -S '' -- "${'$'}{open[@]}"
  (( ${'$'}{#described} )) && _describe 'aichor' described
}
(( $+functions[compdef] )) || { autoload -Uz compinit && compinit -u; }
if [ "${'$'}{funcstack[1]}" = "_aichor" ]; then _aichor "$@"; else compdef _aichor aichor; fi
`;

const FISH = String.raw`function __aichor_complete
  set -l words (commandline -opc)
  set -l found (aichor complete -- $words[2..] (commandline -ct) 2>/dev/null)
  switch "$found[1]"
    case '${FILES}*'
      __fish_complete_path (commandline -ct)
    case '${FOLDERS}*'
      __fish_complete_directories (commandline -ct)
    case '*'
      printf '%s\n' $found
  end
end
complete -c aichor -f -a '(__aichor_complete)'
`;

export const SCRIPTS: Readonly<Record<Shell, string>> = { bash: BASH, zsh: ZSH, fish: FISH };
