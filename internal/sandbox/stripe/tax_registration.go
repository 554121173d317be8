package stripe

import (
	"encoding/json"
	"slices"
	"strings"

	bolt "go.etcd.io/bbolt"
)

// taxRegistration says where the seller collects tax. It cannot be deleted, only expire.
type taxRegistration struct {
	ID             string                         `json:"id"`
	Object         string                         `json:"object"`
	ActiveFrom     int64                          `json:"active_from"`
	Country        string                         `json:"country"`
	CountryOptions map[string]registrationOptions `json:"country_options"` // one entry, the country in lower case
	Created        int64                          `json:"created"`
	ExpiresAt      *int64                         `json:"expires_at"`
	Livemode       bool                           `json:"livemode"`
	Status         string                         `json:"status"` // at the time of the answer; what is stored is out of date
}

// The kinds of registration that decide about tax here.
const (
	ossNonUnion           = "oss_non_union"
	ossUnion              = "oss_union"
	standardRegistration  = "standard"
	provincialSales       = "province_standard"
	simplifiedRegistering = "simplified"
	stateSales            = "state_sales_tax"
	smallSeller           = "small_seller"
)

func (t *taxRegistration) identity() (string, int64) { return t.ID, t.Created }

func (t *taxRegistration) indexed() map[string]string { return nil }

var taxRegistrations = collection[*taxRegistration]{name: "tax registration", prefix: "taxreg_"}

func taxRegistrationEndpoints() []endpoint {
	creation := spec{
		"active_from": required(filledText()), "country": required(filledText()), "country_options": required(hash(countryOptionsSpec())), "expires_at": integer(),
	}
	filters := pageSpec(spec{"status": enum("active", "all", "expired", "scheduled")})
	return []endpoint{
		post("/v1/tax/registrations", creation, createRegistration),
		get("/v1/tax/registrations", filters, listRegistrations),
		get("/v1/tax/registrations/{id}", nil, getRegistration),
		post("/v1/tax/registrations/{id}", spec{"active_from": filledText(), "expires_at": text()}, updateRegistration),
	}
}

func createRegistration(r *call) (any, error) {
	country := strings.ToUpper(r.args.text("country"))
	if err := checkCountry(country, "country"); err != nil {
		return nil, err
	}
	given := r.args.field("country_options").Fields
	name := strings.ToLower(country)
	switch _, supported := countryOptionsSpec()[name]; {
	case !supported:
		return nil, invalid("", "country", "Tax registrations are not supported in %s.", country)
	case given[name] == nil:
		return nil, missing("country_options[" + name + "]")
	case len(given) > 1:
		return nil, invalid("", "country_options", "You may only specify country_options[%s] for a registration in %s.", name, country)
	}
	options, err := readRegistration(r.args.hash("country_options").hash(name), "country_options["+name+"]", country)
	if err != nil {
		return nil, err
	}
	t := &taxRegistration{
		ID: newID(r, taxRegistrations), Object: "tax.registration", Country: country,
		CountryOptions: map[string]registrationOptions{name: options}, Created: r.now(),
	}
	if err := t.schedule(r); err != nil {
		return nil, err
	}
	return r.keepRegistration(t)
}

// schedule reads when the registration begins and ends: unix times, or "now".
func (t *taxRegistration) schedule(r *call) *apiError {
	if r.args.has("active_from") {
		from, refusal := r.instant("active_from")
		if refusal != nil {
			return refusal
		}
		t.ActiveFrom = from
	}
	if r.args.has("expires_at") {
		t.ExpiresAt = nil
		if r.args.text("expires_at") != "" {
			to, refusal := r.instant("expires_at")
			if refusal != nil {
				return refusal
			}
			t.ExpiresAt = &to
		}
	}
	if t.ExpiresAt != nil && (*t.ExpiresAt < t.ActiveFrom || *t.ExpiresAt < r.now()) {
		return invalid("", "expires_at", "The `expires_at` of a registration must be neither in the past nor before its `active_from`.")
	}
	return nil
}

func (r *call) instant(name string) (int64, *apiError) {
	written := r.args.text(name)
	if written == "now" {
		return r.now(), nil
	}
	if !integerText(written) {
		return 0, invalid("", name, "Invalid timestamp: %s must be a Unix timestamp or `now`.", written)
	}
	return r.args.integer(name), nil
}

func (t *taxRegistration) statusAt(now int64) string {
	switch {
	case t.ExpiresAt != nil && *t.ExpiresAt <= now:
		return "expired"
	case t.ActiveFrom > now:
		return "scheduled"
	default:
		return "active"
	}
}

func (r *call) keepRegistration(t *taxRegistration) (any, error) {
	t.Status = t.statusAt(r.now())
	taxRegistrations.put(r.tx, t)
	return t, nil
}

func getRegistration(r *call) (any, error) {
	t, found := taxRegistrations.get(r.tx, r.id)
	if !found {
		return nil, notFound("tax registration", r.id, "id")
	}
	t.Status = t.statusAt(r.now())
	return t, nil
}

func updateRegistration(r *call) (any, error) {
	t, found := taxRegistrations.get(r.tx, r.id)
	if !found {
		return nil, notFound("tax registration", r.id, "id")
	}
	if status := t.statusAt(r.now()); status == "expired" || (status == "active" && r.args.has("active_from")) {
		return nil, refused("", "", "The `active_from` of a registration can be changed before it is active, and nothing after it has expired; this one is %s.", status)
	}
	if err := t.schedule(r); err != nil {
		return nil, err
	}
	return r.keepRegistration(t)
}

// listRegistrations lists all of them unless a status is asked for, which is that of now.
func listRegistrations(r *call) (any, error) {
	wanted := r.args.textOr("status", "all")
	found, err := taxRegistrations.list(r, func(t *taxRegistration) bool {
		return wanted == "all" || wanted == t.statusAt(r.now())
	})
	if err != nil {
		return nil, err
	}
	for i, encoded := range found.Data {
		var t taxRegistration
		decode(encoded, &t)
		t.Status = t.statusAt(r.now())
		found.Data[i] = json.RawMessage(encode(t))
	}
	return found, nil
}

// registrationsAt are those in force at an instant.
func registrationsAt(tx *bolt.Tx, at int64) (active []*taxRegistration) {
	taxRegistrations.all(tx, func(t *taxRegistration) bool {
		if t.statusAt(at) == "active" {
			active = append(active, t)
		}
		return true
	})
	return active
}

func (t *taxRegistration) options() registrationOptions {
	return t.CountryOptions[strings.ToLower(t.Country)]
}

// collects says whether a registration with these properties is among the given ones.
func collects(active []*taxRegistration, matches func(country string, o registrationOptions) bool) bool {
	return slices.ContainsFunc(active, func(t *taxRegistration) bool { return matches(t.Country, t.options()) })
}
