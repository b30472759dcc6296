// package: small.v1
// file: notes.proto

/* tslint:disable */
/* eslint-disable */

import * as jspb from "google-protobuf";

export class Note extends jspb.Message { 
    getText(): string;
    setText(value: string): Note;
    getCount(): number;
    setCount(value: number): Note;

    serializeBinary(): Uint8Array;
    toObject(includeInstance?: boolean): Note.AsObject;
    static toObject(includeInstance: boolean, msg: Note): Note.AsObject;
    static extensions: {[key: number]: jspb.ExtensionFieldInfo<jspb.Message>};
    static extensionsBinary: {[key: number]: jspb.ExtensionFieldBinaryInfo<jspb.Message>};
    static serializeBinaryToWriter(message: Note, writer: jspb.BinaryWriter): void;
    static deserializeBinary(bytes: Uint8Array): Note;
    static deserializeBinaryFromReader(message: Note, reader: jspb.BinaryReader): Note;
}

export namespace Note {
    export type AsObject = {
        text: string,
        count: number,
    }
}

export class Echo extends jspb.Message { 

    hasNote(): boolean;
    clearNote(): void;
    getNote(): Note | undefined;
    setNote(value?: Note): Echo;
    getSeen(): number;
    setSeen(value: number): Echo;

    serializeBinary(): Uint8Array;
    toObject(includeInstance?: boolean): Echo.AsObject;
    static toObject(includeInstance: boolean, msg: Echo): Echo.AsObject;
    static extensions: {[key: number]: jspb.ExtensionFieldInfo<jspb.Message>};
    static extensionsBinary: {[key: number]: jspb.ExtensionFieldBinaryInfo<jspb.Message>};
    static serializeBinaryToWriter(message: Echo, writer: jspb.BinaryWriter): void;
    static deserializeBinary(bytes: Uint8Array): Echo;
    static deserializeBinaryFromReader(message: Echo, reader: jspb.BinaryReader): Echo;
}

export namespace Echo {
    export type AsObject = {
        note?: Note.AsObject,
        seen: number,
    }
}
