#!/usr/bin/env bash
# Previews or brings up one stack, judged by the policies: .github/stack.sh preview|up STACK
set -euo pipefail
cd "$(dirname "$0")/.."

usage="usage: .github/stack.sh preview|up STACK"
command="${1:?$usage}" stack="${2:?$usage}"
case "$command" in
  preview) options=(--diff) ;;
  up) options=(--yes) ;;
  *) echo "$usage" >&2; exit 2 ;;
esac
if [ -z "${PULUMI_BACKEND_URL:-}" ]; then
  # Without one, the CLI would go to its own default backend.
  echo "stack.sh: set PULUMI_BACKEND_URL, a variable of the environment, to the state backend of $stack" >&2
  exit 2
fi

# shellcheck source=/dev/null
source .venv/bin/activate
export PULUMI_SKIP_UPDATE_CHECK=true

# Selected and never created: whoever creates a stack chooses what encrypts its secrets.
pulumi stack select --stack "$stack" --non-interactive
fleet="$(pulumi config get argosy:fleet --stack "$stack" --non-interactive 2>/dev/null || true)"
settings="policies/config/${fleet:-$stack}.json"
if [ -f "$settings" ]; then
  # The engine ignores a misspelt policy name; this does not.
  python -m argosy_policies.check_config "$settings"
  options+=(--policy-pack-config "$settings")
fi

log="$(mktemp)"
trap 'rm -f "$log"' EXIT
code=0
pulumi "$command" --stack "$stack" --policy-pack policies --non-interactive --color never "${options[@]}" \
  2>&1 | tee "$log" || code=$?
if [ -n "${GITHUB_STEP_SUMMARY:-}" ]; then
  # Indented, so that nothing in it is read as Markdown; the end, since a summary may hold 1 MiB.
  { printf '### %s %s: exit code %s\n\n' "$command" "$stack" "$code"; tail -c 500000 "$log" | sed 's/^/    /'; } \
    >> "$GITHUB_STEP_SUMMARY"
fi
exit "$code"
