# Completion of veer's command lines for bash.
#
# One list of options a command, as "veer COMMAND --help" has them; tests/style/manual.test compares.

_veer_options()
{
	local log='--format --columns --tz --session-gap --budget --volume-budget --forecast-budget
		--epsilon --channel --memory'
	local find='--step --score --model --backend --db --output'
	local all='--config --help --version'

	case $1 in
	watch) echo "$log $find --names --lateness --retain --once --keys --screen --glyphs --theme" \
		"--quiet $all" ;;
	replay) echo "$log $find --names --threads --from --until --speed --paused --stop-on --keys --screen" \
		"--glyphs --theme --quiet $all" ;;
	detect) echo "$log $find --threads --until --scores --law --threshold --quiet $all" ;;
	user) echo "$log $find --names --threads --from --until --glyphs --limit --quiet $all" ;;
	alerts) echo "--tz --from --until --db --output --category --severity --limit --rejects" \
		"--evidence --state --labels --history --crowds --ack --unack --shelve --label --note --quiet $all" ;;
	generate) echo "--events --users --seed --calm --truth --out --quiet $all" ;;
	train) echo "$log --backend --threads --until --out --db --weights --forecaster --from --precision" \
		"--select --search --seed --quiet $all" ;;
	model) echo "--quiet $all" ;;
	evaluate) echo "--format --columns --tz --session-gap --memory --model --backend --threads --until" \
		"--channel --weights --truth --scores --splice --match --kind --min-events --write --budgets --output \
		--quiet $all" ;;
	doctor) echo "$all" ;;
	esac
}

# The values of an option; nothing: any, "files": a file.
_veer_values()
{
	case $1 in
	-f | --format) echo 'veer taobao series' ;;
	-o | --output) echo 'csv jsonl table' ;;
	--score) echo 'interest count ctr conversion amount' ;;
	--backend) echo 'auto cpu cuda' ;;
	--forecaster) echo 'none ar forest lstm auto' ;;
	--select) echo 'none variance f lasso importance' ;;
	--precision) echo 'float32 float16 int8' ;;
	--weights) echo 'auto fixed trained' ;;
	--channel) echo 'learned mixture mixture,learned volume learned,volume forecast learned,volume,forecast' ;;
	--law) echo 'auto gaussian poisson' ;;
	--glyphs) echo 'auto braille blocks acs ascii' ;;
	--theme) echo 'dark light safe mono' ;;
	--step) echo 'hour day week' ;;
	--state) echo 'new acknowledged shelved cleared' ;;
	--shelve) echo '10m 2h 1d' ;;
	--label) echo 'true false none' ;;
	--speed) echo '60 3600 max' ;;
	--stop-on) echo '!! ! . none' ;;
	--budget | --volume-budget | --forecast-budget) echo 'auto 0.5/kud 50/day' ;;
	--session-gap) echo 'fit 30m' ;;
	--from) [ "${COMP_WORDS[1]}" = train ] && echo files || echo 'start' ;;
	--until) echo 'end' ;;
	--threads) echo 'cores' ;;
	--memory) echo 'half' ;;
	--names | --model | --db | --scores | --keys | --truth | --out | --write | --config) echo files ;;
	esac
}

_veer()
{
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
	local commands='watch replay detect user alerts generate train model evaluate doctor'
	local values

	COMPREPLY=()
	if ((COMP_CWORD == 1)); then
		mapfile -t COMPREPLY < <(compgen -W "$commands --help --version" -- "$word")
		return
	fi
	values=$(_veer_values "$before")
	if [[ $word == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(_veer_options "${COMP_WORDS[1]}")" -- "$word")
	elif [[ -n $values && $values != files ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$values" -- "$word")
	else
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
	fi
}

complete -F _veer veer
