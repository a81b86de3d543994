"""One block of configuration of kind "web-form"."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

MIB = 1024 * 1024


class WebFormSettings(BaseModel):
    """The form that citizens fill in with a browser."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str = Field(default="/lapor", pattern=r"^(/[a-z0-9-]{1,40}){1,3}$", description="where the form stands below the public address")
    look_from_outside: bool = Field(
        default=False, description="get the form at the first of public_urls once a minute, as a browser does; not where this machine cannot reach that address"
    )
    max_files: int = Field(default=10, ge=0, le=100, description="files of one report at the most")
    max_file_bytes: int = Field(default=20 * MIB, ge=1024, description="bytes of one file at the most")
    max_body_bytes: int = Field(default=64 * MIB, ge=65536, description="bytes of a whole report with its files at the most")
    max_text_bytes: int = Field(default=256 * 1024, ge=16384, description="bytes of all that is typed at the most")
    max_fields: int = Field(default=100, ge=40, description="fields of a form at the most; ours has about thirty")
    idle_seconds: float = Field(default=60, gt=0, description="seconds that a browser may be silent in the middle of an upload")
    accept_seconds: float = Field(default=30, gt=0, description="seconds that keeping a report may take once it is here, and each of its files")
    too_fast_seconds: float = Field(default=3, ge=0, description="a form that was sent sooner after it was opened gets a remark; nobody is refused for it")
    flood_per_ten_minutes: int = Field(
        default=60, ge=1, description="reports from one address in ten minutes, after which they get a remark; nobody is refused"
    )
    max_per_minute: int = Field(
        default=2000, ge=1, description="reports from one address in a minute, after which this machine protects itself; many citizens share an address"
    )
    max_at_once: int = Field(default=200, ge=1, description="reports that may be coming in at the same time")
