# recall.awk - tables of recall.sh out of kind,log,seed,row,budget,recall,far,delay_events,delay_days
# and, of veer's rows, false_alarms,user_days.

function key(row, budget) { return kind SUBSEP log_ SUBSEP row SUBSEP budget }

# Mean and deviation (over n - 1) of column c, or of its difference from that of another row.
function gather(row, other, budget, c,    s, n, x, sum, square)
{
	n = sum = square = 0
	for (s = 1; s <= seeds; s++) {
		x = value[key(row, budget), seed[s], c]
		if (x == "" || (other != "" && value[key(other, budget), seed[s], c] == ""))
			continue
		x -= other == "" ? 0 : value[key(other, budget), seed[s], c]
		n++
		sum += x
		square += x * x
	}
	count = n
	mean = n ? sum / n : 0
	deviation = n > 1 && square > sum * mean ? sqrt((square - sum * mean) / (n - 1)) : 0
}

function short(x, digits,    t)
{
	t = sprintf("%.*f", digits, x)
	sub(/^0\./, ".", t)
	sub(/^-0\./, "-.", t)
	return t
}

# Chance of at most k where m are expected.
function poisson(k, m,    i, t, sum)
{
	t = sum = exp(-m)
	for (i = 1; i <= k; i++) {
		t *= m / i
		sum += t
	}
	return sum
}

# The mean of which P(at most k) is p.
function poisson_mean(k, p,    lo, hi, i, m)
{
	lo = 0
	hi = 2 * k + 20
	for (i = 0; i < 60; i++) {
		m = (lo + hi) / 2
		if (poisson(k, m) > p)
			lo = m
		else
			hi = m
	}
	return m
}

# False alarms over those promised, of all seeds; with a 95 % interval where under 30 are expected.
function promise(row, budget,    s, days, alarms, expected)
{
	days = alarms = 0
	for (s = 1; s <= seeds; s++) {
		alarms += value[key(row, budget), seed[s], "alarms"]
		days += value[key(row, budget), seed[s], "days"]
	}
	expected = days * budget / 1000
	if (expected == 0)
		return ""
	if (expected >= 30)
		return short(alarms / expected, 2)
	return short(alarms / expected, 2) " [" \
		short(alarms ? poisson_mean(alarms - 1, .975) / expected : 0, 2) " " \
		short(poisson_mean(alarms, .025) / expected, 2) "]"
}

function cell(row, budget, what,    t)
{
	if (what == "promise")
		return promise(row, budget)
	if (what == "delay") {
		gather(row, "", budget, "events")
		t = count ? sprintf("%.0f; ", mean) : ""
		gather(row, "", budget, "day")
		return count ? t short(mean, 1) : ""
	}
	gather(row, what == "gain" ? other[row] : "", budget, "recall")
	if (count == 0)
		return ""
	t = short(mean, 3) (count > 1 ? " (" short(deviation, 3) ")" : "")
	if (what == "gain")
		return (mean >= 0 ? "+" : "") t
	gather(row, "", budget, "far")
	return t " ×" short(mean / budget, 2)
}

# line LABEL ROW WHAT: nothing where no seed has the row.
function line(label, row, what,    b, t, any, x)
{
	any = 0
	t = "| " label
	for (b = 1; b <= budgets[log_]; b++) {
		x = cell(row, budget_of[log_, b], what)
		any += x != ""
		t = t " | " x
	}
	if (any)
		print t " |"
}

function table(    b, t, i)
{
	t = "| " log_
	for (b = 1; b <= budgets[log_]; b++)
		t = t " | " short(budget_of[log_, b], budget_of[log_, b] == .25 ? 2 : budget_of[log_, b] < 1)
	print t " |"
	print "| --- | --- | --- | --- | --- |"
	for (i = 1; i <= lines; i++)
		line(label_of[i], row_of[i], what_of[i])
	print ""
}

# In how many columns a row's mean is no less than another's, or its gain above the gain's deviation.
function score(row, than, gain,    l, b, n, all)
{
	n = all = 0
	for (l = 1; l <= logs; l++) {
		log_ = log_of[l]
		for (b = 1; b <= budgets[log_]; b++) {
			gather(row, than, budget_of[log_, b], "recall")
			all += count > 0
			n += count > 0 && (gain ? mean > deviation : mean > -1e-9)
		}
	}
	return n " of " all
}

# part WHAT COUNT: nothing where no column has both rows.
function part(what, counted)
{
	return counted ~ /of 0$/ ? "" : what counted "; "
}

function verdict(fitted, on,    t)
{
	t = part("off-line (sketch) ", score("learned" on, "sketch offline-bf", 0)) \
		part("off-line (bench) ", score("learned" on, "bench offline-bf", 0)) \
		part("mixture ", score("learned" on, "mixture" on, 0)) \
		part("its gain over mixture is above the gain's deviation in ", \
			score("learned" on, "mixture" on, 1))
	sub(/; $/, ".", t)
	if (t != "")
		print "- " fitted ", columns in which learned is at or above: " t
}

function add(label, row, what)
{
	lines++
	label_of[lines] = label
	row_of[lines] = row
	what_of[lines] = what
}

BEGIN {
	other["learned"] = "mixture"
	other["learned whole"] = "mixture whole"
	other["learned+forecast"] = "learned"
	add("**learned** (default)", "learned", "recall")
	add("mixture", "mixture", "recall")
	add("gain, paired", "learned", "gain")
	add("realised/promised, pooled", "learned", "promise")
	add("median delay: events; days", "learned", "delay")
	add("learned, at the model's promise", "learned promise", "recall")
	add("realised/promised, pooled", "learned promise", "promise")
	add("learned, fitted on the whole log", "learned whole", "recall")
	add("mixture, fitted on the whole log", "mixture whole", "recall")
	add("gain, paired", "learned whole", "gain")
	add("realised/promised, pooled", "learned whole", "promise")
	add("forecast", "forecast", "recall")
	add("realised/promised, pooled", "forecast", "promise")
	add("learned and forecast, one budget", "learned+forecast", "recall")
	add("gain over learned, paired", "learned+forecast", "gain")
	add("realised/promised, pooled", "learned+forecast", "promise")
	add("*off-line, hindsight* (sketch)", "sketch offline-bf", "recall")
	add("*off-line, hindsight* (bench)", "bench offline-bf", "recall")
	add("LIN, 11 features (sketch)", "sketch LIN 11", "recall")
	add("LIN, 25 features (sketch)", "sketch LIN 25", "recall")
	add("SR_j (sketch)", "sketch SRj", "recall")
	add("(SR_j+3)+/(n+10)^¼ (sketch)", "sketch SRj/(n+10)^.25", "recall")
	add("SR-DM (sketch)", "sketch SR-DM", "recall")
	add("SR-DM (bench)", "bench sr-dm", "recall")
	add("SR-DM, s by its likelihood (bench)", "bench srd-dm", "recall")
	add("the same, half-life 50 (bench)", "bench srd-disc50", "recall")
	add("BOCPD, Dirichlet-multinomial (bench)", "bench bocpd-dm", "recall")
	add("EWMA, L1 (bench)", "bench ewma", "recall")
	add("ADWIN statistic (bench)", "bench adwin-stat", "recall")
	add("CUSUM on log loss (bench)", "bench cusum", "recall")
	add("Poisson scan (bench)", "bench focusp-scan", "recall")
	add("AR standardised residual (bench)", "bench ar-stdres", "recall")
	add("AR predicted against history (bench)", "bench ar-predhist", "recall")
	add("random scores (bench)", "bench random", "recall")
}

{
	kind = $1
	log_ = $2
	if (!(kind in kind_seen)) {
		kind_seen[kind]
		kind_of[++kinds] = kind
	}
	if (!(log_ in log_seen)) {
		log_seen[log_]
		log_of[++logs] = log_
	}
	if (!($3 in seed_seen)) {
		seed_seen[$3]
		seed[++seeds] = $3
	}
	if (!((log_, $5 + 0) in budget_seen)) {
		budget_seen[log_, $5 + 0]
		budget_of[log_, ++budgets[log_]] = $5 + 0
	}
	at = key($4, $5 + 0) SUBSEP $3 SUBSEP
	value[at "recall"] = $6
	value[at "far"] = $7
	value[at "events"] = $8
	value[at "day"] = $9
	value[at "alarms"] = $10
	value[at "days"] = $11
}

END {
	for (k = 1; k <= kinds; k++) {
		kind = kind_of[k]
		print "### " kind "\n"
		for (l = 1; l <= logs; l++) {
			log_ = log_of[l]
			table()
		}
		verdict("Fitted on dev users", "")
		verdict("Fitted on the whole log", " whole")
		print ""
	}
}
