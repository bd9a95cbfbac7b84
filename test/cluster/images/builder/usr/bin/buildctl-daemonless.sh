#!/bin/sh
# Stands in for BuildKit's program: prints what it was asked for, looks whether its context is there, and names a digest.
# The build argument FAIL=<text> makes it fail with that text, SECONDS=<n> makes it take that long.
set -u

metadata= context= folder= filename=Dockerfile fail= seconds=0 option=
for argument; do
  printf 'argument: %s\n' "$argument"
  case $option in
    --local | --opt | --metadata-file) argument=$option=$argument ;;
  esac
  option=${argument%%=*}
  [ "$option" != "$argument" ] && option=
  case $argument in
    --metadata-file=*) metadata=${argument#*=} ;;
    --local=context=*) context=${argument#--local=context=} ;;
    --local=dockerfile=*) folder=${argument#--local=dockerfile=} ;;
    --opt=filename=*) filename=${argument#--opt=filename=} ;;
    --opt=build-arg:FAIL=*) fail=${argument#*FAIL=} ;;
    --opt=build-arg:SECONDS=*) seconds=${argument#*SECONDS=} ;;
  esac
done

refuse() {
  echo "error: $*" >&2
  exit 1
}
[ -d "$context" ] || refuse "no context at $context"
[ -f "$folder/$filename" ] || refuse "failed to read dockerfile: open $filename: no such file or directory"
find "$context" -type f | sort | sed 's/^/context: /'
sleep "$seconds"
[ -z "$fail" ] || refuse "$fail"
digest=$(sha256sum "$folder/$filename" | cut -d ' ' -f 1)
[ -z "$metadata" ] || printf '{"containerimage.digest": "sha256:%s"}' "$digest" >"$metadata"
echo "pushed sha256:$digest"
