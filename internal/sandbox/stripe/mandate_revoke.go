package stripe

import (
	"fmt"
	"net/http"

	bolt "go.etcd.io/bbolt"

	"github.com/perennial-billing/perennial/internal/sandbox/control"
)

// revokeMandates plays a customer, or their bank, who takes back the permission to debit an account.
func (s *Server) revokeMandates(w http.ResponseWriter, r *http.Request) {
	var wanted control.Revocation
	err := readAdmin(w, r, &wanted)
	if err == nil {
		err = s.update(func(tx *bolt.Tx) error {
			asOf, err := control.AsOf(r, s.billingTime())
			if err != nil {
				return err
			}
			c := &call{asOf: asOf, path: r.URL.Path, tx: tx}
			if c.standing(wanted.PaymentMethod) == nil {
				return fmt.Errorf("payment_method %q has no mandate in force", wanted.PaymentMethod)
			}
			c.revoke(wanted.PaymentMethod)
			return nil
		})
	}
	if err != nil {
		http.Error(w, "mandate revocation: "+err.Error(), http.StatusBadRequest)
		return
	}
	s.delivery.wake()
	w.WriteHeader(http.StatusNoContent)
}
