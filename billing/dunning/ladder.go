package dunning

import (
	"slices"
	"time"

	"github.com/perennial-billing/perennial/billing/calendar"
)

// Local hours. Issuers decline most between 00:00 and 05:00 local time (Recurly's published data), so the day starts
// at 05:00 for retries, and the end falls in the evening of its day, after any retry of that day.
const (
	dayStartHour  = 5
	usualHour     = 10
	endHour       = 20
	retryInterval = time.Minute // between an attempt and the one after it, at the very least
)

// opaqueHours are used in turn: an opaque decline may hang on the hour of the day.
var opaqueHours = [...]int{10, 14, 18}

// ladder is one decision in progress.
type ladder struct {
	Policy
	Case
	asOf time.Time
}

func (l ladder) next() Step {
	if step, ok := l.changedMethod(); ok {
		return step
	}
	if !l.asOf.Before(l.end()) {
		return Step{Kind: GiveUp, At: l.asOf, Reason: ReasonEnded}
	}
	if reason := l.blocked(); reason != "" {
		return l.wait(reason)
	}
	if len(l.Attempts) >= l.MaxAttempts {
		return l.wait(ReasonExhausted)
	}
	if l.Method.isDebit() {
		return l.represent()
	}
	at, reason, ok := l.scheduled()
	if !ok {
		return l.wait(ReasonExhausted)
	}
	return l.retry(at, reason)
}

func (l ladder) wait(reason string) Step {
	return Step{Kind: WaitForCustomer, At: l.end(), Reason: reason}
}

// end is when the policy gives up.
func (l ladder) end() time.Time {
	return l.Zone.Instant(l.firstDay().AddDays(l.EndAfter), endHour, 0, 0)
}

// firstDay is the day of the first failure. A bank debit fails when it is returned, and as often as it is, and a transfer when
// it is given up: the policy's days begin anew then, because nothing could be done until then.
func (l ladder) firstDay() calendar.Date {
	from := l.Attempts[0].At
	for _, a := range l.Attempts {
		if a.isSlow() && a.KnownAt.After(from) {
			from = a.KnownAt
		}
	}
	return l.Zone.DateOf(from)
}

// changedMethod retries at once, at any hour, when the customer gave another method or its details were updated
// since the last attempt: somebody is waiting for the answer. A change after the end comes too late.
func (l ladder) changedMethod() (Step, bool) {
	last := l.last()
	replaced := l.Method.ID != "" && l.Method.ID != last.PaymentMethodID
	updated := l.Method.ID == last.PaymentMethodID && l.Method.UpdatedAt.After(last.At)
	if (!replaced && !updated) || l.blocked() != "" || !l.asOf.Before(l.end()) || l.Method.presented(l.Attempts) > 0 {
		return Step{}, false
	}
	reason := ReasonMethodChanged
	if l.Fallback {
		reason = ReasonNextMethod
	}
	return l.retry(l.asOf, reason), true
}

// blocked says why the current method must not be tried, or "". A method that was ever declined for good stays
// blocked when the customer switches back to it; only an update of its details lifts that.
func (l ladder) blocked() string { return l.Method.ruledOut(l.Attempts) }

func (m Method) ruledOut(attempts []Attempt) string {
	switch {
	case m.ID == "":
		return ReasonNoMethod
	case m.Unusable:
		return ReasonUnusable
	case m.isDebit():
		return m.debitRuledOut(attempts)
	}
	for _, a := range slices.Backward(attempts) {
		class := Classify(a.DeclineCode)
		if a.PaymentMethodID != m.ID || !class.blocking() || m.UpdatedAt.After(a.At) {
			continue
		}
		if class == Hard {
			return ReasonHardDecline
		}
		return ReasonNeedsCustomer
	}
	return ""
}

// Choose returns the method to try for an invoice: of the customer's methods, in their order, the first that no decline of
// the attempts so far rules out; fallback says that it is not the first of all. A decline that may pass, such as for want
// of money, rules nothing out, unless it is of a bank debit that must not be presented again. When all are ruled out it is
// the first, and the zero Method when there is none.
func Choose(methods []Method, attempts []Attempt) (chosen Method, fallback bool) {
	if len(methods) == 0 {
		return Method{}, false
	}
	for i, m := range methods {
		if m.ruledOut(attempts) == "" {
			return m, i > 0
		}
	}
	return methods[0], false
}

// scheduled is the next automatic retry: a quick one after a technical decline, else the next day of the ladder.
func (l ladder) scheduled() (time.Time, string, bool) {
	if row := l.technicalInARow(); row > 0 && row <= len(l.TechnicalRetryHours) {
		wait := time.Duration(l.TechnicalRetryHours[row-1]) * time.Hour
		return l.daytime(l.last().At.Add(wait)), ReasonTechnical, true
	}
	lastDay := l.Zone.DateOf(l.last().At)
	for _, days := range l.RetryAfter {
		// One rung per local day: a late attempt skips the rungs it overtook instead of bunching them.
		if day := l.firstDay().AddDays(days); day.Compare(lastDay) > 0 {
			return l.Zone.Instant(day, l.hour(), 0, 0), ReasonScheduled, true
		}
	}
	return time.Time{}, "", false
}

func (l ladder) technicalInARow() int {
	n := 0
	for i := len(l.Attempts) - 1; i >= 0 && Classify(l.Attempts[i].DeclineCode) == SoftTechnical; i-- {
		n++
	}
	return n
}

func (l ladder) hour() int {
	if Classify(l.last().DeclineCode) == SoftOpaque {
		return opaqueHours[len(l.Attempts)%len(opaqueHours)]
	}
	return usualHour
}

// daytime moves an instant out of the night to the usual hour of the same local day.
func (l ladder) daytime(t time.Time) time.Time {
	day := l.Zone.DateOf(t)
	if t.Before(l.Zone.Instant(day, dayStartHour, 0, 0)) {
		return l.Zone.Instant(day, usualHour, 0, 0)
	}
	return t
}

// retry applies the gates: not before now, not too close to the last attempt, within the networks' caps, and before
// the end. An automatic retry that any of them moved stays out of the night.
func (l ladder) retry(at time.Time, reason string) Step {
	if earliest := l.last().At.Add(retryInterval); at.Before(earliest) {
		at = earliest
	}
	if at.Before(l.asOf) {
		at = l.daytime(l.asOf)
	}
	if l.Method.isDebit() {
		return l.beforeEnd(at, reason)
	}
	if free := clearOfAll(at, l.tries(), Caps(l.Method.Network)); free.After(at) {
		// Later never breaks a cap that holds now: windows only empty while nothing is tried.
		at, reason = l.daytime(free), ReasonNetworkCap
	}
	return l.beforeEnd(at, reason)
}

// beforeEnd drops a retry that the policy has no time for.
func (l ladder) beforeEnd(at time.Time, reason string) Step {
	if at.Before(l.end()) {
		return Step{Kind: Retry, At: at.UTC(), Attempt: len(l.Attempts) + 1, Reason: reason}
	}
	if reason != ReasonNetworkCap {
		reason = ReasonExhausted
	}
	return l.wait(reason)
}

// tries are the instants at which the current card was used.
func (l ladder) tries() []time.Time {
	tries := append([]time.Time(nil), l.OtherTries...)
	for _, a := range l.Attempts {
		if a.PaymentMethodID == l.Method.ID {
			tries = append(tries, a.At)
		}
	}
	return tries
}
