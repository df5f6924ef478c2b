#!/bin/sh
# recall.sh - how much is found of changes spliced into real logs, beside the detectors of the tools
# that make such logs; prints the tables of share/doc/measured.md. Started by `make recall`.
#
# SHARED            has tools/ and data/ (default ../shared beside the sources)
# RECALL_DIR        splices and finished rows; what is there is not made again (default ./recall)
# RECALL_LOGS       of completejourney onlineretail taobao
# RECALL_KINDS      of whole rate partial relabel
# RECALL_SEEDS      default 101 102 103 104 105, on which nothing is tuned
# RECALL_ROWS       of veer bench reference: the last two are the peers', slow, and need python
# PYTHON            one that has numpy and numba, for `reference` also scipy, sklearn and torch
#
# Rows of veer are made again when the program is newer than they are; all others are kept.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
: "${VEER:=./veer}"
shared=${SHARED:-$here/../../../shared}
work=${RECALL_DIR:-./recall}
logs=${RECALL_LOGS:-completejourney onlineretail taobao}
kinds=${RECALL_KINDS:-whole rate partial relabel}
seeds=${RECALL_SEEDS:-101 102 103 104 105}
rows=${RECALL_ROWS:-veer bench reference}

say()
{
	echo "recall: $*" >&2
}
if ! [ -r "$shared/tools/splice.py" ] || ! [ -d "$shared/data" ]; then
	say "skipped: no real logs: $shared has no tools/splice.py and data/ (set SHARED)"
	exit 0
fi
shared=$(cd "$shared" && pwd)
mkdir -p "$work"
work=$(cd "$work" && pwd)
# The tools leave nothing beside themselves.
NUMBA_CACHE_DIR=$work/numba PYTHONDONTWRITEBYTECODE=1
export NUMBA_CACHE_DIR PYTHONDONTWRITEBYTECODE

# python MODULE...: the first python that has them.
python()
{
	imports=$(echo "$*" | tr ' ' ,)
	for p in "${PYTHON:-python3}" python3 /usr/bin/python3; do
		if "$p" -c "import $imports" 2>/dev/null; then
			echo "$p"
			return
		fi
	done
	return 1
}
splicer=$(python csv) || { say 'skipped: no python3 to make splices with'; exit 0; }
channels='learned mixture forecast learned+forecast'
peer_python()
{
	case $1 in
	bench) python numpy numba ;;
	reference) python numpy numba scipy sklearn torch ;;
	esac
}

source_of()
{
	case $1 in
	taobao) echo "$shared/data/taobao_815users_dev.csv" ;;
	*) echo "$shared/data/$1_dev.csv" ;;
	esac
}
# Events before a change and after it, and budgets, as the reference tables have them.
least_of()
{
	case $1 in completejourney) echo 10 ;; onlineretail) echo 30 ;; taobao) echo 20 ;; esac
}
budgets_of()
{
	case $1 in taobao) echo 5,10,20,50 ;; *) echo .1,.25,.5,1 ;; esac
}

# splice KIND LOG SEED FOLDER: whole and rate by the tool, which knows no other kinds.
splice()
{
	[ ! -s "$4/truth.csv" ] || return 0
	rm -rf "$4.new"
	least=$(least_of "$2") events=$(source_of "$2")
	case $1 in
	whole|rate)
		match=any
		[ "$1" = whole ] || match=rate
		"$splicer" "$shared/tools/splice.py" "$events" "$4.new" --seed "$3" \
			--min-pre "$least" --min-post "$least" --match $match >&2 ;;
	*)
		"$VEER" evaluate --quiet --splice "$3" --kind "$1" --min-events "$least" \
			--write "$4.new" --budgets 5 -o csv "$events" >/dev/null ;;
	esac
	mv "$4.new" "$4"
}

# columns NAME [THRESHOLDS]: rows of veer's own csv in the columns of peers.py, and two more.
columns()
{
	awk -F, -v name="$1" -v thresholds="${2:-dev}" -v detector="$detector" '
		NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
		$at["detector"] == detector && $at["thresholds"] == thresholds {
			print name "," $at["budget"] "," $at["recall"] "," $at["far"] "," \
				$at["delay_events"] "," $at["delay_days"] "," $at["false_alarms"] \
				"," $at["user_days"]
		}'
}
# veer_rows ROW BUDGETS: in the folder of the splice. Fitted on the dev users, up to their change,
# with thresholds theirs or the model's. Channels together have a + in the name of their row.
veer_rows()
{
	"$VEER" evaluate --channel "$(echo "$1" | tr + ,)" --quiet --truth truth.csv --budgets "$2" \
		-o csv spliced.csv >judged.tmp || return
	detector=$1
	columns "$1" <judged.tmp
	columns "$1 promise" model <judged.tmp
	rm -f judged.tmp
}
# whole_rows CHANNEL BUDGETS: fitted on the whole spliced log, changes and all.
whole_rows()
{
	"$VEER" detect --quiet --channel "$1" --scores scores.tmp spliced.csv
	"$VEER" evaluate --scores scores.tmp --quiet --truth truth.csv --budgets "$2" -o csv \
		spliced.csv >judged.tmp
	detector=scores
	columns "$1 whole" <judged.tmp
	rm -f scores.tmp judged.tmp
}
# veer_all LOG: of channels that have no rows yet, or rows of an older program. A channel may have
# nobody at risk: then it has none.
veer_all()
{
	budgets=$(budgets_of "$1")
	for channel in $channels; do
		if [ -s $channel.csv ] && [ -n "$(find $channel.csv -newer "$VEER")" ]; then
			continue
		fi
		veer_rows $channel "$budgets" >$channel.tmp || say "no rows of $channel on $1"
		case $channel in
		learned|mixture) whole_rows $channel "$budgets" >>$channel.tmp ;;
		esac
		mv $channel.tmp $channel.csv
	done
}
# peer_all ROW LOG FOLDER
peer_all()
{
	[ ! -s "$3/$1.csv" ] || return 0
	data=
	[ "$1" = bench ] || data=$shared/data
	if "$peers" "$here/peers.py" "$shared/tools" "$1" "$2" "$3" $data \
		>"$3/$1.tmp" 2>"$3/$1.said"; then
		mv "$3/$1.tmp" "$3/$1.csv"
	else
		say "$1 failed on $3: $(tail -n 1 "$3/$1.said")"
		rm -f "$3/$1.tmp"
	fi
}
# make_rows ROW: of every splice.
make_rows()
{
	if [ "$1" != veer ] && ! peers=$(peer_python "$1"); then
		say "skipped the rows \"$1\": no python3 with numpy and numba" \
			"(reference: scipy, sklearn and torch too); set PYTHON"
		return
	fi
	for kind in $kinds; do for seed in $seeds; do for log in $logs; do
		folder=$work/$kind/${log}_$seed
		mkdir -p "$work/$kind"
		splice "$kind" "$log" "$seed" "$folder"
		case $1 in
		veer) (cd "$folder" && veer_all "$log") ;;
		*) peer_all "$1" "$log" "$folder" ;;
		esac
	done; done; done
}

VEER=$(cd "$(dirname "$VEER")" && pwd)/$(basename "$VEER")
for row in $rows; do
	make_rows "$row"
done
for kind in $kinds; do for log in $logs; do for seed in $seeds; do
	folder=$work/$kind/${log}_$seed
	for file in $channels bench reference; do
		[ ! -s "$folder/$file.csv" ] ||
			sed "s/^/$kind,$log,$seed,/" "$folder/$file.csv"
	done
done; done; done | awk -F, -f "$here/recall.awk"
