# Sourced at the end of a script of cases that takes
# `--case NAME BIN STOP_AFTER PLACE`: runs those that are left in "$@", each on a
# host of its own, where PLACE begins the names of what it writes, tells how each
# ended, and ends. Wants $here, $support, $bin
# and $stop_after.
script=$(basename "$0")
failed=0

for name in "$@"; do
	began=$(date +%s)
	"$support/host" sh "$here/$script" --case "$name" "$bin" \
		"$stop_after" "/run/host/$name"
	code=$?
	case $code in
	0) result=ok ;;
	77) result=skipped ;;
	*) result=FAILED ;;
	esac
	echo "$result $name ($(($(date +%s) - began)) s)"
	[ "$code" = 0 ] || failed=$code
done
exit "$failed"
