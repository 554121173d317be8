package sendgrid

import (
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"mime"
	"net/http"
	"net/url"
	"strconv"

	"github.com/perennial-billing/perennial/internal/sandbox/control"
)

//go:embed mailbox.html mail.html
var pageFiles embed.FS

const (
	mailsPerPage = 50
	maxJSONMails = 1000
)

func (s *Server) mailboxRoutes() {
	pages := template.Must(template.ParseFS(pageFiles, "*.html"))
	list := s.listPage(pages)
	s.mux.HandleFunc("GET /_sandbox/{$}", s.health)
	s.mux.HandleFunc("GET /{$}", list)
	s.mux.HandleFunc("GET /mailbox", list)
	s.mux.HandleFunc("GET /mailbox.json", s.listJSON)
	s.mux.HandleFunc("GET /mailbox/count", s.countPage)
	s.mux.HandleFunc("GET /mailbox/{number}", s.mailPage(pages))
	s.mux.HandleFunc("GET /mailbox/{number}/html", s.bodyPage)
	s.mux.HandleFunc("GET /mailbox/{number}/attachments/{index}", s.attachment)
}

func (s *Server) listPage(pages *template.Template) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		to := r.URL.Query().Get("to")
		before, err := numberParam(r.URL.Query(), "before")
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		found, more, err := s.find(to, before, mailsPerPage)
		total, countErr := s.count()
		if err != nil || countErr != nil {
			http.Error(w, "the mailbox cannot be read", http.StatusInternalServerError)
			return
		}
		older := ""
		if more {
			older = "/mailbox?" + url.Values{"to": {to}, "before": {found[len(found)-1].ID}}.Encode()
		}
		show(w, pages, "mailbox.html", map[string]any{"Mails": found, "Older": older, "To": to, "Total": total})
	}
}

func (s *Server) mailPage(pages *template.Template) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if m, ok := s.requested(w, r); ok {
			show(w, pages, "mail.html", m)
		}
	}
}

// bodyPage is what the sandboxed frame shows: no scripts, no requests to other hosts.
func (s *Server) bodyPage(w http.ResponseWriter, r *http.Request) {
	m, ok := s.requested(w, r)
	if !ok {
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:")
	_, _ = w.Write([]byte(m.HTML)) // a reader that went away needs no answer
}

func (s *Server) attachment(w http.ResponseWriter, r *http.Request) {
	m, ok := s.requested(w, r)
	if !ok {
		return
	}
	index, err := strconv.Atoi(r.PathValue("index"))
	if err != nil || index < 0 || index >= len(m.Files) {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": m.Attachments[index].Filename}))
	_, _ = w.Write(m.Files[index])
}

func (s *Server) listJSON(w http.ResponseWriter, r *http.Request) {
	limit, err := numberParam(r.URL.Query(), "limit")
	if err == nil && limit > maxJSONMails {
		err = fmt.Errorf("limit must be between 1 and %d", maxJSONMails)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if limit == 0 {
		limit = mailsPerPage
	}
	found, _, err := s.find(r.URL.Query().Get("to"), 0, int(limit))
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	mails := make([]control.Mail, len(found))
	for i, m := range found {
		mails[i] = m.Mail
	}
	answerJSON(w, mails)
}

// health answers what this is and how much it holds.
func (s *Server) health(w http.ResponseWriter, _ *http.Request) {
	n, err := s.count()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	answerJSON(w, map[string]any{"faults": s.faults.Len(), "mails": n, "sandbox": "sendgrid"})
}

func (s *Server) countPage(w http.ResponseWriter, _ *http.Request) {
	n, err := s.count()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	answerJSON(w, map[string]uint64{"count": n})
}

// requested finds the mail of the path, or answers 404.
func (s *Server) requested(w http.ResponseWriter, r *http.Request) (storedMail, bool) {
	number, err := strconv.ParseUint(r.PathValue("number"), 10, 64)
	if err != nil {
		http.NotFound(w, r)
		return storedMail{}, false
	}
	m, found, err := s.mail(number)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return storedMail{}, false
	}
	if !found {
		http.NotFound(w, r)
	}
	return m, found
}

func numberParam(query url.Values, name string) (uint64, error) {
	if !query.Has(name) || query.Get(name) == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(query.Get(name), 10, 63)
	if err != nil || n == 0 {
		return 0, fmt.Errorf("%s must be a positive whole number, not %q", name, query.Get(name))
	}
	return n, nil
}

func show(w http.ResponseWriter, pages *template.Template, name string, data any) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; form-action 'self'")
	_ = pages.ExecuteTemplate(w, name, data) // a reader that went away needs no answer
}

func answerJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // a reader that went away needs no answer
}
