package stripe

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/perennial-billing/perennial/internal/sandbox/control"
)

const scenariosBucket = "scenarios"

// outcomeOK makes a charge succeed whatever the card is.
const outcomeOK = "ok"

// outcomeDispute makes a charge succeed and be disputed: at once for a card, days later for a debit.
const outcomeDispute = "dispute"

// scenario is a script with how far each payment method or customer has come in it.
type scenario struct {
	control.Scenario
	Used map[string]int `json:"used"`
}

const maxScript = 1000

// checkScenario refuses what could never match or never mean anything.
func checkScenario(s control.Scenario) error {
	if subjects := given(s.Customer != "", s.PaymentMethod != "", s.PaymentMethodToken != ""); subjects != 1 {
		return errors.New("scenario needs exactly one of customer, payment_method and payment_method_token")
	}
	if plots := given(len(s.Script) > 0, !s.DeclineUntil.IsZero(), s.Always != ""); plots != 1 {
		return errors.New("scenario needs exactly one of script, decline_until and always")
	}
	if s.DeclineCode != "" && s.DeclineUntil.IsZero() {
		return errors.New("scenario: decline_code goes with decline_until")
	}
	_, isCard := cardByToken(s.PaymentMethodToken)
	if _, isBank := bankByToken(s.PaymentMethodToken); s.PaymentMethodToken != "" && !isCard && !isBank {
		return fmt.Errorf("scenario: payment_method_token %q is not a test method such as pm_card_visa", s.PaymentMethodToken)
	}
	if len(s.Script) > maxScript {
		return fmt.Errorf("scenario: script has %d steps; at most %d are accepted", len(s.Script), maxScript)
	}
	for _, outcome := range slices.Concat(s.Script, optionalList(s.Always), optionalList(s.DeclineCode)) {
		if _, isReturn := returnFor(outcome); outcome != outcomeOK && outcome != outcomeDispute && !isReturn && !among(declineCodes, outcome) {
			return fmt.Errorf("scenario: outcome %q is neither %q, %q, the code of a returned debit such as R01, nor one of: %s",
				outcome, outcomeOK, outcomeDispute, declineCodes)
		}
	}
	return nil
}

func given(conditions ...bool) (n int) {
	for _, condition := range conditions {
		if condition {
			n++
		}
	}
	return n
}

func optionalList(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

func (s *Server) addScenario(w http.ResponseWriter, r *http.Request) {
	var wanted control.Scenario
	err := readAdmin(w, r, &wanted)
	if err == nil {
		err = checkScenario(wanted)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if after, ok := strings.CutPrefix(wanted.PaymentMethodToken, "tok_"); ok {
		wanted.PaymentMethodToken = "pm_card_" + after
	}
	err = s.update(func(tx *bolt.Tx) error {
		key := scenarioKeys(wanted.PaymentMethod, wanted.Customer, wanted.PaymentMethodToken)
		bucketOf(tx, scenariosBucket).put([]byte(key[0]), encode(scenario{Scenario: wanted, Used: map[string]int{}}))
		return nil
	})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// scenarioKeys are the subjects a charge may be scripted by, the most specific first.
func scenarioKeys(methodID, customerID, token string) []string {
	var found []string
	for kind, subject := range []string{methodID, customerID, token} {
		if subject != "" {
			found = append(found, fmt.Sprintf("%d/%s", kind, subject))
		}
	}
	return found
}

// scripted is the next outcome that a scenario holds for this charge, if any, and counts it as used.
func (r *call) scripted(m *paymentMethod, known traits, customerID string) (next string, found bool) {
	for _, key := range scenarioKeys(m.ID, customerID, known.Token) {
		stored := bucketOf(r.tx, scenariosBucket).get([]byte(key))
		if stored == nil {
			continue
		}
		var s scenario
		decode(stored, &s)
		next, found = s.next(m.ID, r.asOf)
		if found {
			bucketOf(r.tx, scenariosBucket).put([]byte(key), encode(s))
			return next, true
		}
	}
	return "", false
}

// next moves a script forward by one step; the caller stores the scenario.
func (s *scenario) next(methodID string, asOf time.Time) (outcome string, found bool) {
	switch {
	case s.Always != "":
		return s.Always, true
	case !s.DeclineUntil.IsZero() && asOf.Before(s.DeclineUntil):
		if s.DeclineCode == "" {
			return "generic_decline", true
		}
		return s.DeclineCode, true
	case !s.DeclineUntil.IsZero():
		return outcomeOK, true
	}
	// Methods made from one token each go through the script on their own.
	counter := ""
	if s.PaymentMethodToken != "" {
		counter = methodID
	}
	step := s.Used[counter]
	if step >= len(s.Script) {
		return "", false
	}
	s.Used[counter] = step + 1
	return s.Script[step], true
}
