package stripe

import (
	"encoding/json"
	"net/http"

	bolt "go.etcd.io/bbolt"
)

func (s *Server) adminRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /_sandbox/", s.health)
	mux.HandleFunc("GET /_sandbox/books", s.books)
	mux.HandleFunc("GET /_sandbox/clock", s.showClock)
	mux.HandleFunc("POST /_sandbox/clock", s.advanceClock)
	mux.HandleFunc("POST /_sandbox/mandate_revocations", s.revokeMandates)
	mux.HandleFunc("POST /_sandbox/movements", s.addMovement)
	mux.HandleFunc("POST /_sandbox/payouts", s.setPayouts)
	mux.HandleFunc("POST /_sandbox/scenarios", s.addScenario)
	mux.HandleFunc("POST /_sandbox/settlement", s.setSettlement)
	mux.HandleFunc("POST /_sandbox/card_updates", s.updateCard)
	mux.HandleFunc("POST /_sandbox/webhook_faults", s.addWebhookFault)
	mux.HandleFunc("DELETE /_sandbox/webhook_faults", s.forgetWebhookFaults)
	mux.Handle("POST /_sandbox/faults", s.faults)
	mux.Handle("DELETE /_sandbox/faults", s.faults)
}

// health answers what the sandbox is and how much it holds.
func (s *Server) health(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/_sandbox/" {
		http.NotFound(w, r)
		return
	}
	report := map[string]any{"api_version": APIVersion, "faults": s.faults.Len(), "requests": s.requests.Load(), "sandbox": "stripe"}
	err := s.view(func(tx *bolt.Tx) error {
		report["objects"] = map[string]int{
			"balance_transactions": balanceTransactions.count(tx), "charges": charges.count(tx), "checkout_sessions": checkoutSessions.count(tx), "customers": customers.count(tx),
			"deliveries": bucketOf(tx, deliveriesBucket).count(), "disputes": disputes.count(tx), "events": events.count(tx),
			"meter_events": meterUsages.count(tx), "payment_intents": paymentIntents.count(tx), "payment_methods": paymentMethods.count(tx), "payouts": payouts.count(tx), "refunds": refunds.count(tx),
			"report_runs": reportRuns.count(tx), "setup_intents": setupIntents.count(tx), "tax_transactions": taxTransactions.count(tx), "value_lists": valueLists.count(tx),
			"webhook_endpoints": webhookEndpoints.count(tx),
		}
		return nil
	})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(report) // a reader that went away needs no answer
}

// readAdmin reads a request of the admin API, in which every field must be known.
func readAdmin(w http.ResponseWriter, r *http.Request, into any) error {
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	decoder.DisallowUnknownFields()
	return decoder.Decode(into)
}
