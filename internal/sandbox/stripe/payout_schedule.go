package stripe

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/perennial-billing/perennial/internal/sandbox/control"
)

const (
	payoutDueKey         = "due"        // present while an automatic payout is scheduled
	payoutPartsBucket    = "payout_of"  // balance transaction -> the automatic payout it was part of
	payoutSettingsBucket = "payouts_by" // what the admin API asked for
	payoutSettingsKey    = "settings"
	unpaidBucket         = "unpaid" // available balance transactions that no automatic payout has taken
)

const payoutFailures = "account_closed account_frozen bank_account_restricted bank_ownership_changed could_not_process debit_not_authorized " +
	"declined incorrect_account_holder_name insufficient_funds invalid_account_number invalid_currency no_account"

func payoutSettings(tx *bolt.Tx) (p control.Payouts) {
	if stored := bucketOf(tx, payoutSettingsBucket).get([]byte(payoutSettingsKey)); stored != nil {
		decode(stored, &p)
	}
	return p
}

// setPayouts chooses between automatic and manual payouts, and may let the next one fail.
func (s *Server) setPayouts(w http.ResponseWriter, r *http.Request) {
	var wanted control.Payouts
	err := readAdmin(w, r, &wanted)
	switch {
	case err != nil:
	case wanted.Schedule != control.DailyPayouts && wanted.Schedule != control.ManualPayouts:
		err = errors.New(`schedule must be "daily" or "manual"`)
	case wanted.FailNext != "" && !among(payoutFailures, wanted.FailNext):
		err = fmt.Errorf("fail_next %q is not one of: %s", wanted.FailNext, payoutFailures)
	}
	if err != nil {
		http.Error(w, "payouts: "+err.Error(), http.StatusBadRequest)
		return
	}
	err = s.update(func(tx *bolt.Tx) error {
		bucketOf(tx, payoutSettingsBucket).put([]byte(payoutSettingsKey), encode(wanted))
		if bucketOf(tx, unpaidBucket).count() > 0 {
			(&call{asOf: s.billingTime(), tx: tx}).schedulePayout()
		}
		return nil
	})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// takePayoutFailure is how the payout that arrives now fails, if it was asked to, and forgets it.
func (r *call) takePayoutFailure() string {
	settings := payoutSettings(r.tx)
	code := settings.FailNext
	if code != "" {
		settings.FailNext = ""
		bucketOf(r.tx, payoutSettingsBucket).put([]byte(payoutSettingsKey), encode(settings))
	}
	return code
}

// awaitPayout keeps an available movement for the next automatic payout.
func (r *call) awaitPayout(t *balanceTransaction) {
	bucketOf(r.tx, unpaidBucket).put([]byte(t.ID), []byte{1})
	r.schedulePayout()
}

// schedulePayout makes sure that money is paid out at the next midnight (UTC), if payouts are automatic.
func (r *call) schedulePayout() {
	settings := bucketOf(r.tx, payoutSettingsBucket)
	if payoutSettings(r.tx).Schedule != control.DailyPayouts || settings.get([]byte(payoutDueKey)) != nil {
		return
	}
	settings.put([]byte(payoutDueKey), []byte{1})
	const day = 24 * time.Hour
	r.schedule(r.asOf.Truncate(day).Add(day), due{Action: payAll})
}
