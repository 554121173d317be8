package stripe

import "strings"

// file is Stripe's file object. The sandbox makes files itself; none can be uploaded.
type file struct {
	ID        string `json:"id"`
	Object    string `json:"object"`
	Created   int64  `json:"created"`
	ExpiresAt *int64 `json:"expires_at"`
	Filename  string `json:"filename"`
	Links     page   `json:"links"`
	Purpose   string `json:"purpose"`
	Size      int64  `json:"size"`
	Title     string `json:"title"`
	Type      string `json:"type"`
	URL       string `json:"url"`
}

const fileContentsBucket = "file_contents"

const filePurposes = "account_requirement additional_verification business_icon business_logo customer_signature dispute_evidence document_provider_identity_document " +
	"finance_report_run identity_document identity_document_downloadable issuing_regulatory_reporting pci_document selfie sigma_scheduled_query " +
	"tax_document_user_upload terminal_reader_splashscreen"

func (f *file) identity() (string, int64) { return f.ID, f.Created }

func (f *file) indexed() map[string]string { return map[string]string{"purpose": f.Purpose} }

var files = collection[*file]{name: "file upload", prefix: "file_"}

func fileEndpoints() []endpoint {
	return []endpoint{
		get("/v1/files", datedPageSpec(spec{"purpose": enum(strings.Fields(filePurposes)...)}), func(r *call) (any, error) { return files.list(r, nil, "purpose") }),
		get("/v1/files/{id}", nil, retrieve(files, "id")),
		get("/v1/files/{id}/contents", nil, getFileContents),
	}
}

// keepFile stores the result of a report, which is downloaded from the host that the report was ordered at.
func (r *call) keepFile(host, kind, run string, contents []byte) *file {
	f := &file{
		ID: newID(r, files), Object: "file", Created: r.now(), Filename: run + "." + kind, Purpose: "finance_report_run", Size: int64(len(contents)),
		Title: "FinanceReportRun " + run, Type: kind,
	}
	f.Links, f.URL = firstPage[string]("/v1/file_links?file="+f.ID, nil, defaultLimit), host+"/v1/files/"+f.ID+"/contents"
	files.put(r.tx, f)
	bucketOf(r.tx, fileContentsBucket).put([]byte(f.ID), contents)
	return f
}

// download is an answer that is not JSON.
type download struct {
	contents    []byte
	contentType string
}

func getFileContents(r *call) (any, error) {
	f, found := files.get(r.tx, r.id)
	if !found {
		return nil, notFound("file upload", r.id, "id")
	}
	// The bytes belong to the transaction, which ends before they are sent.
	contents := append([]byte{}, bucketOf(r.tx, fileContentsBucket).get([]byte(f.ID))...)
	return download{contents: contents, contentType: "text/" + f.Type}, nil
}
