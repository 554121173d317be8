package stripe

import (
	"errors"
	"fmt"
	"net/http"

	bolt "go.etcd.io/bbolt"

	"github.com/perennial-billing/perennial/internal/sandbox/control"
)

// updateCard plays the account updater of the card network: the method keeps its id, whatever changed about the card.
func (s *Server) updateCard(w http.ResponseWriter, r *http.Request) {
	var wanted control.CardUpdate
	err := readAdmin(w, r, &wanted)
	if err == nil {
		emitted := false
		err = s.update(func(tx *bolt.Tx) error {
			asOf, err := control.AsOf(r, s.billingTime())
			if err != nil {
				return err
			}
			c := &call{asOf: asOf, path: r.URL.Path, tx: tx}
			err = c.renewCard(wanted)
			emitted = c.emitted
			return err
		})
		if emitted {
			s.delivery.wake()
		}
	}
	if err != nil {
		http.Error(w, "card update: "+err.Error(), http.StatusBadRequest)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (r *call) renewCard(u control.CardUpdate) error {
	m, found := paymentMethods.get(r.tx, u.PaymentMethod)
	switch {
	case !found || m.Card == nil || m.Customer == nil:
		return fmt.Errorf("payment_method %q is not a saved card", u.PaymentMethod)
	case u.ExpMonth == 0 && u.ExpYear == 0 && u.Number == "":
		return errors.New("give exp_month, exp_year or number")
	case u.ExpMonth < 0 || u.ExpMonth > 12 || u.ExpYear < 0 || u.ExpYear > 2200:
		return errors.New("exp_month must be from 1 to 12, and exp_year up to 2200")
	}
	before := snapshot(m)
	if u.Number != "" {
		test, found := cardByNumber(u.Number)
		if !found {
			return errors.New("number is not one of Stripe's test cards")
		}
		renewed := r.methodFrom(test).Card
		renewed.Checks = m.Card.Checks
		m.Card = renewed
		known := r.traits(m.ID)
		known.Number, known.Token = test.number, "pm_card_"+test.name
		r.putTraits(m.ID, known)
	}
	if u.ExpMonth != 0 {
		m.Card.ExpMonth = u.ExpMonth
	}
	if u.ExpYear != 0 {
		m.Card.ExpYear = u.ExpYear
	}
	paymentMethods.put(r.tx, m)
	r.emitUpdate("payment_method.automatically_updated", before, m)
	return nil
}
